/** `truncate` and `retain`: what removes records for good, and asks first. */
import { openReader } from "../../open-log.ts";
import { logAt } from "../address.ts";
import { durationFlag, integerFlag, sizeFlag } from "../arguments.ts";
import { type Command, exit, type Flag, type Invocation, UsageError } from "../command.ts";
import { openTold } from "../opening.ts";
import { bytesText, countText, rangeText } from "../text.ts";

const yes: Flag = { type: "boolean", short: "y", help: "do not ask" };

export const truncate: Command = {
  name: "truncate",
  summary: "remove the records before or after an offset, for good",
  usage: "<log> --before <offset> | --after <offset>",
  arity: [1, 1],
  flags: {
    before: { type: "string", value: "<offset>", help: "the first offset to keep" },
    after: { type: "string", value: "<offset>", help: "the last offset to keep" },
    yes,
  },
  about: ["Both keep the offset that they name."],
  examples: ["./data/orders/0 --before 1000", "./data/orders/0 --after 1999 --yes"],
  async run(invocation) {
    const { positionals, flags } = invocation;
    const log = logAt(positionals[0]!);
    const before = integerFlag(flags, "before");
    const after = integerFlag(flags, "after", -1);
    if ((before === undefined) === (after === undefined)) {
      throw new UsageError("one of --before and --after says which records to remove");
    }
    const { first, next } = await boundsOf(log.address);
    const [from, to] =
      before === undefined ? [Math.max(after! + 1, first), next] : [first, Math.min(before, next)];
    if (before !== undefined && before > next)
      throw new UsageError(`--before must be at most ${next}, the next offset of the log`);
    if (to <= from) return done(invocation, log.path, { first, next }, { first, next });
    const question = `Remove ${countText(to - from, "record")}, ${rangeText(from, to)}, of ${log.path} for good?`;
    if (!(await isSure(invocation, question))) return declined(invocation);
    const opened = await openTold(log, invocation);
    try {
      if (before === undefined) await opened.truncateAfter(after!);
      else await opened.truncateBefore(before);
      return await done(invocation, log.path, { first, next }, { first: opened.first, next: opened.next });
    } finally {
      await opened.close();
    }
  },
};

export const retain: Command = {
  name: "retain",
  summary: "remove the oldest segments, by size or age, for good",
  usage: "<log> --max-bytes <size> | --max-age <time>",
  arity: [1, 1],
  flags: {
    "max-bytes": { type: "string", value: "<size>", help: "such as 500M" },
    "max-age": {
      type: "string",
      value: "<time>",
      help: "such as 7d; counted from when records were appended",
    },
    yes,
  },
  about: ["Whole segments are removed, from the oldest on, and never the last one."],
  examples: ["./data/orders/0 --max-bytes 500M", "./data/orders/0 --max-age 7d --yes"],
  async run(invocation) {
    const { positionals, flags } = invocation;
    const log = logAt(positionals[0]!);
    const maxBytes = sizeFlag(flags, "max-bytes");
    const maxAgeMs = durationFlag(flags, "max-age");
    if (maxBytes === undefined && maxAgeMs === undefined) {
      throw new UsageError("--max-bytes or --max-age says what to keep");
    }
    const before = await boundsOf(log.address);
    const limits = [
      maxBytes === undefined ? [] : [`more than ${bytesText(maxBytes)}`],
      maxAgeMs === undefined ? [] : [`any older than ${flags.get("max-age")}`],
    ];
    const question = `Remove the oldest segments of ${log.path} for good, while there are ${limits.flat().join(" or ")}?`;
    if (!(await isSure(invocation, question))) return declined(invocation);
    const opened = await openTold(log, invocation, { retention: { maxBytes, maxAgeMs } });
    try {
      return await done(invocation, log.path, before, { first: opened.first, next: opened.next });
    } finally {
      await opened.close();
    }
  },
};

interface Bounds {
  readonly first: number;
  readonly next: number;
}

async function boundsOf(address: Parameters<typeof openReader>[0]): Promise<Bounds> {
  const reader = await openReader(address);
  const { first, next } = reader;
  await reader.close();
  return { first, next };
}

async function isSure({ flags, output, signal }: Invocation, question: string): Promise<boolean> {
  if (flags.has("yes")) return true;
  const answer = await output.ask(question, signal);
  if (answer === undefined)
    throw new UsageError("nobody can be asked here: say --yes to remove records for good");
  return answer;
}

async function declined({ output }: Invocation): Promise<number> {
  if (output.json) await output.value({ removed: 0 });
  else await output.line("Nothing was changed.");
  return exit.trouble;
}

async function done({ output }: Invocation, log: string, before: Bounds, after: Bounds): Promise<number> {
  const removed = before.next - before.first - (after.next - after.first);
  const { first, next } = after;
  if (output.json) await output.value({ log, removed, first, next });
  else {
    const left =
      first === next ? `it is empty, and the next offset is ${next}` : `it has ${rangeText(first, next)}`;
    await output.line(`${countText(removed, "record")} removed from ${log}; ${left}`);
  }
  return exit.fine;
}
