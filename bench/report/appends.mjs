/** The sections of appends: each workload a table and a plot of bars. */
import { peerNamed, titleOf } from "../peers.mjs";
import { classOf, failed, plot, plots, table, text } from "./blocks.mjs";
import { barPlot } from "./plots.mjs";
import { msText, rateText, spreadText } from "./text.mjs";

const columns = ["", "of the raw loop", "records", "p50", "p99"];

const explanation =
  "Records a second, as a fraction of what the raw loop did in the same round: the median, and the lowest and highest round in " +
  "brackets. p50 and p99 are of one answer that one caller awaits.";

export function durableSection(workloads) {
  return {
    title: "Durable appends",
    blocks: [
      text(
        `${explanation} What an answer means is not the same for all: see *What an answer means*. Pale bars are of those whose answer does not wait for the disk.`,
      ),
      ...blocksOf(workloads, true),
    ],
  };
}

export function relaxedSection(workloads) {
  const sentence =
    "The same, where an answer does not wait for the disk: in each one's own weaker setting, which differ.";
  return { title: "Relaxed appends", blocks: [text(sentence), ...blocksOf(workloads, false)] };
}

function blocksOf(workloads, isDurable) {
  return [
    plots(workloads.map(({ workload, rows }) => plot(workload, bars(workload, rows, isDurable)))),
    ...workloads.map(({ workload, rows }) => table(columns, rows.map(rowOf), workload)),
  ];
}

function bars(title, rows, isDurable) {
  const measured = rows.filter((row) => row.failed === undefined);
  if (measured.length === 0) return undefined;
  return barPlot({
    title,
    mark: 1,
    rows: measured.map(({ peer, ratio }) => ({
      label: titleOf(peer),
      ...ratio,
      className: classNameOf(peer, isDurable),
    })),
  });
}

function classNameOf(peer, isDurable) {
  const isWeak = isDurable && peerNamed(peer)?.strongest !== "disk";
  return `${classOf(peer)}${isWeak ? " weak" : ""}`;
}

function rowOf({ peer, failed: reason, ratio, perSecond, p50, p99 }) {
  if (reason !== undefined) return failed(titleOf(peer), reason);
  return [titleOf(peer), spreadText(ratio), rateText(perSecond), msText(p50), msText(p99)];
}
