/** The sections of other places than Node: browsers, and Durable Objects. */
import { classOf, failed, plot, plots, table, text } from "./blocks.mjs";
import { barPlot } from "./plots.mjs";
import { numberText, rateText, spreadText } from "./text.mjs";

export function browserSection({ browser, scenarios }) {
  return {
    title: "In a browser",
    blocks: [
      text(
        `${browser}, headless, with its profile on a disk. Values a second, as a fraction of a bare handle that writes and flushes in the same round; ` +
          "and how long the main thread works for each.",
      ),
      plots(scenarios.map(({ title, rows }) => plot(title, bars(title, rows)))),
      ...scenarios.map(({ title, rows }) =>
        table(
          ["", "in a", "its answer means", "of the bare handle", "values", "main thread, µs"],
          rows.map(browserRow),
          title,
        ),
      ),
    ],
  };
}

function browserRow({ name, context, means, failed: reason, ratio, perSecond, busyMicros }) {
  if (reason !== undefined) return failed(name, reason);
  return [
    name,
    context,
    means,
    spreadText(ratio),
    rateText(perSecond),
    busyMicros === undefined ? "" : numberText(busyMicros),
  ];
}

export function edgeSection({ version, scenarios }) {
  return {
    title: "In a Durable Object",
    blocks: [
      text(
        `workerd ${version} on this machine: a log beside plain inserts into a table of the same object, both followed by \`sync()\`, once for all that ` +
          "are there at once. Requests are part of the time. The platform itself was not measured.",
      ),
      plots(scenarios.map(({ title, rows }) => plot(title, bars(title, rows)))),
      ...scenarios.map(({ title, rows }) =>
        table(
          ["", "of plain inserts", "values"],
          rows.map(({ name, ratio, perSecond }) => [name, spreadText(ratio), rateText(perSecond)]),
          title,
        ),
      ),
    ],
  };
}

function bars(title, rows) {
  const measured = rows.filter((row) => row.failed === undefined);
  if (measured.length === 0) return undefined;
  return barPlot({
    title,
    mark: 1,
    rows: measured.map(({ name, ratio }, index) => ({
      label: name,
      ...ratio,
      className: index === 0 ? classOf("raw") : classOf(name.startsWith("walkabout") ? "walkabout" : name),
    })),
  });
}

export function profileSection(profiles) {
  return {
    title: "Where the time goes",
    blocks: [
      text(
        "The functions with the largest part of the samples, without what they call. `dispatch` is the profiler's own.",
      ),
      ...profiles.map(({ peer, title, functions }) =>
        table(
          ["", "%"],
          functions.map(({ name, share }) => [`\`${name}\``, numberText(share * 100)]),
          `${peer}, ${title}`,
        ),
      ),
    ],
  };
}
