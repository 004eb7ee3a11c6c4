/** The sections of what records cost beside time on the disk: memory, and the steps of the code. */
import { titleOf } from "../peers.mjs";
import { classOf, failed, plot, plots, table, text } from "./blocks.mjs";
import { barPlot, linearAxis, linePlot } from "./plots.mjs";
import { mebibytesText, numberText } from "./text.mjs";

const mebibyte = 2 ** 20;

export function memorySection(rows) {
  const measured = rows.filter((row) => row.failed === undefined);
  const bytes = measured[0]?.bytes ?? mebibyte;
  const series = measured.map(({ peer, writing }) => ({
    name: titleOf(peer),
    className: classOf(peer),
    points: writing.curve.map((rss, index) => [
      ((index + 1) * bytes) / writing.curve.length / mebibyte,
      rss / mebibyte,
    ]),
  }));
  const curves = linePlot({
    title: "Resident memory while writing",
    series,
    xAxis: linearAxis("MiB written", [bytes / mebibyte]),
    yAxis: linearAxis(
      "MiB resident",
      series.flatMap(({ points }) => points.map(([, rss]) => rss)),
    ),
  });
  return {
    title: "Memory",
    blocks: [
      text(
        `Resident memory of a process that writes ${mebibytesText(bytes)} in batches of 1 MiB, and of another that reads it back. What lmdb maps ` +
          "of its file counts as resident.",
      ),
      plots(series.length > 0 ? [plot("resident memory while writing, in MiB", curves)] : []),
      table(
        ["", "before", "most while writing", "at the end", "before reading", "most while reading"],
        rows.map(memoryRow),
      ),
    ],
  };
}

function memoryRow({ peer, failed: reason, writing, reading }) {
  if (reason !== undefined) return failed(titleOf(peer), reason);
  const figures = [writing.before, writing.most, writing.curve.at(-1), reading.before, reading.most];
  return [titleOf(peer), ...figures.map(mebibytesText)];
}

const steps = {
  copy: "copying the value, to compare with",
  encode: "encoding",
  checksum: "its part of the batch's checksum",
  decode: "finding the value again",
  objects: "decoding it into an object",
  stage: "`stage`: all of it, on a storage that does nothing",
  append: "`append`, with 1,024 callers",
  promise: "what the answer costs: `append` less `stage`",
};

export function microSection({ ns, overhead }) {
  const bars = Object.keys(steps).map((step) => ({
    label: step,
    median: Math.max(0, ns[step]),
    low: ns[step],
    high: ns[step],
    className: "s1",
  }));
  return {
    title: "The steps of a record",
    blocks: [
      text(
        `ns for each record of 100 B in batches of 1,024, without a disk. There a record takes ${numberText(overhead)} bytes beyond its value, its ` +
          "share of the batch header included.",
      ),
      plots([plot("ns a record", barPlot({ title: "ns a record", rows: bars }))]),
      table(
        ["", "ns"],
        Object.entries(steps).map(([step, name]) => [name, numberText(ns[step])]),
      ),
    ],
  };
}
