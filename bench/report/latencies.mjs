/** The section of how long answers take under a steady load. */
import { parts } from "../child/latency.mjs";
import { load } from "../parts/latency.mjs";
import { titleOf } from "../peers.mjs";
import { classOf, failed, plot, plots, table, text } from "./blocks.mjs";
import { linePlot, logAxis } from "./plots.mjs";
import { msText, percentText } from "./text.mjs";

const columns = ["", "p50", "p99", "p99.9", "most", "longest turn", "blocked", "rotations", "over"];
const shown = [0.5, 0.99, 0.999, 1];

/** Where a part of the answers stands: each further nine is one step to the right. */
const stepOf = (part) => -Math.log10(Math.max(1 - part, 1e-5));
const ticks = [0.5, 0.9, 0.99, 0.999, 0.9999, 1].map((part) => [
  stepOf(part),
  part === 1 ? "most" : `p${part * 100}`,
]);

export function latencySection(rows) {
  const measured = rows.filter((row) => row.failed === undefined);
  const series = measured.map(({ peer, quantiles }) => ({
    name: titleOf(peer),
    className: `${classOf(peer)}${peer === "walkabout-blocking" ? " dashed" : ""}`,
    points: parts.map((part, index) => [stepOf(part), quantiles[index].median]).slice(1),
  }));
  const curves = linePlot({
    title: "Milliseconds of an answer",
    series,
    xAxis: { title: "part of the answers that took less", ticks, from: ticks[0][0], to: ticks.at(-1)[0] },
    yAxis: logAxis(
      "ms",
      series.flatMap(({ points }) => points.map(([, ms]) => ms)),
    ),
  });
  return {
    title: "Tail latency",
    blocks: [
      text(
        `${load.perTick} records of ${load.bytes.toLocaleString("en")} B are due every ${load.tickMs} ms, whether the ones before are answered or ` +
          "not, in segments of 1 MiB. A latency counts from the moment at which the record was due. *Longest turn* is for how long the " +
          "event loop did nothing else, *blocked* the part of the time that went to turns of more than 1 ms. Figures are medians of rounds; " +
          "*longest turn* is the longest of all.",
      ),
      plots(series.length > 0 ? [plot("an answer, in ms", curves)] : []),
      table(columns, rows.map(rowOf)),
    ],
  };
}

function rowOf(row) {
  if (row.failed !== undefined) return failed(titleOf(row.peer), row.failed);
  return [
    titleOf(row.peer),
    ...shown.map((part) => msText(row.quantiles[parts.indexOf(part)].median)),
    msText(row.longestTurnMs),
    percentText(row.blockedShare),
    row.rotations ?? "",
    `${row.seconds} s`,
  ];
}
