/** The sections of what happens to a log that is there: it is read, and it is opened. */
import { isOurs, titleOf } from "../peers.mjs";
import { classOf, failed, plot, plots, table, text } from "./blocks.mjs";
import { barPlot, linePlot, logAxis } from "./plots.mjs";
import { percentText, rateText, segmentsText, spreadText } from "./text.mjs";

export function replaySection(rows) {
  const measured = rows.filter((row) => row.failed === undefined);
  const bars = measured.map((row) => ({ label: readerOf(row), ...row.ratio, className: classOf(row.peer) }));
  return {
    title: "Replay",
    blocks: [
      text(
        "Everything is read once in a fresh process, records of 100 B, opening included. Raw reads the same count of bytes into " +
          "fresh buffers and looks at none; walkabout verifies all checksums on the way, and visits values in place unless it says objects.",
      ),
      plots(
        bars.length > 0 ? [plot("of the raw loop", barPlot({ title: "Replay", rows: bars, mark: 1 }))] : [],
      ),
      table(["", "of the raw loop", "records"], rows.map(replayRow)),
    ],
  };
}

function replayRow(row) {
  if (row.failed !== undefined) return failed(readerOf(row), row.failed);
  const part = row.share < 1 ? `, with ${percentText(row.share)} of the records` : "";
  return [readerOf(row), spreadText(row.ratio), rateText(row.perSecond) + part];
}

const readerOf = ({ peer, objects }) => titleOf(peer) + (objects ? ", objects" : "");

const dashes = { 16: "dashed", 1000: "dotted" };
const endings = { closed: "after a clean close", killed: "after a kill" };

export function openSection(rows) {
  return {
    title: "Opening",
    blocks: [
      text(
        "What `open` takes in a fresh process, until the first append can be made, by the size of what was written: values of 1,000 B, " +
          "in batches of up to 1,000. Who was killed had been given a durable answer to all of it.",
      ),
      plots(
        Object.entries(endings).map(([ending, title]) =>
          plot(
            title,
            openCurves(
              title,
              rows.filter((row) => row.ending === ending && row.failed === undefined),
            ),
          ),
        ),
      ),
      table(["", "written", "ended by", "found", "ms"], rows.map(openRow)),
    ],
  };
}

function openCurves(title, rows) {
  if (rows.length === 0) return undefined;
  const names = [...new Set(rows.map(openerOf))];
  const series = names.map((name) => {
    const own = rows.filter((row) => openerOf(row) === name);
    return {
      name,
      className: `${classOf(own[0].peer)} ${dashes[own[0].segments] ?? ""}`,
      points: own.map(({ bytes, ms }) => [bytes, ms.median]),
    };
  });
  const sizes = new Map(rows.map(({ bytes, size }) => [bytes, size]));
  const bytes = Array.from(sizes.keys()).toSorted((a, b) => a - b);
  return linePlot({
    title: `Milliseconds of opening ${title}`,
    series,
    xAxis: { title: "written", ticks: Array.from(sizes), from: bytes[0], to: bytes.at(-1), isLog: true },
    yAxis: logAxis(
      "ms",
      series.flatMap(({ points }) => points.map(([, ms]) => ms)),
    ),
  });
}

const openerOf = ({ peer, segments }) =>
  isOurs(peer) ? `${titleOf(peer)}, ${segmentsText(segments)}` : titleOf(peer);

function openRow(row) {
  if (row.failed !== undefined) return failed(`${openerOf(row)}, ${row.size}, ${row.ending}`, row.failed);
  const found = row.verdict === undefined ? "" : `${row.verdict}, segments: ${row.found}`;
  return [openerOf(row), row.size, row.ending, found, spreadText(row.ms)];
}
