/** `ls`: the logs in a folder. */
import { logsBelow, nearestFolder } from "../address.ts";
import { type Command, exit } from "../command.ts";
import { holderText } from "../holder.ts";
import { type Summary, summaryOf } from "../survey.ts";
import { ageText, bytesText, numberText, table } from "../text.ts";

export const ls: Command = {
  name: "ls",
  summary: "list the logs in a folder, with offsets, sizes, and who writes",
  usage: "[dir]",
  arity: [0, 1],
  flags: {},
  examples: ["", "./data", "./data/orders --json"],
  async run({ positionals: [path = "."], output }) {
    const summaries: Summary[] = [];
    for (const log of logsBelow(path)) summaries.push(await summaryOf(log));
    if (output.json) {
      await output.value(summaries);
      return exit.fine;
    }
    if (summaries.length === 0) {
      const near = nearestFolder(path);
      await output.line(
        near === undefined
          ? `There is no log in ${path} (a log is a folder, <dir>/<topic>/<partition>)`
          : `There is no log in ${path}; did you mean walkabout ls ${near}?`,
      );
      return exit.fine;
    }
    const head = ["LOG", "TOPIC", "OFFSETS", "SEGMENTS", "BYTES", "LAST WRITE", "LOCKED BY"];
    const [titles, ...lines] = fitting([head, ...summaries.map(rowOf)], output.width ?? Infinity);
    await output.line(output.paint.dim(titles!));
    for (const line of lines) await output.line(line);
    return exit.fine;
  },
};

/** What a narrow terminal has no room for; the topic stands in the path as well. */
const leftOut = ["TOPIC", "SEGMENTS", "LAST WRITE", "BYTES"];

function fitting(rows: readonly (readonly string[])[], width: number): string[] {
  let left = rows;
  for (const title of leftOut) {
    if (table(left).every((line) => line.length <= width)) break;
    const column = left[0]!.indexOf(title);
    left = left.map((row) => row.filter((_, index) => index !== column));
  }
  return table(left);
}

function rowOf(summary: Summary): string[] {
  const { log, topic, segments, bytes, modified, holder } = summary;
  return [
    log,
    topic,
    offsetsText(summary),
    numberText(segments),
    bytesText(bytes),
    modified === undefined ? "never" : ageText(Date.now() - modified),
    holderText(holder) || "-",
  ];
}

function offsetsText({ first, next, error }: Summary): string {
  if (error !== undefined) return `(${error.code})`;
  return first === next ? `none, next is ${next}` : `${first} to ${next! - 1}`;
}
