/** `append`: records from the command line, or from lines on stdin. */
import { createInterface } from "node:readline";
import type { Ack } from "../../ack.ts";
import type { Log } from "../../log.ts";
import { checkRecord } from "../../check-record.ts";
import { reasonOf } from "../../errors.ts";
import type { RecordInput } from "../../record.ts";
import { logAt } from "../address.ts";
import { integerFlag } from "../arguments.ts";
import { type Command, exit, type Invocation, UsageError } from "../command.ts";
import { openTold } from "../opening.ts";
import { recordOfJson } from "../records.ts";
import { countText, rangeText } from "../text.ts";

/** How many appends are on their way at most. */
const pendingMax = 1024;

export const append: Command = {
  name: "append",
  summary: "append records from arguments or from lines on stdin",
  usage: "<log> [value...]",
  arity: [1, Infinity],
  flags: {
    key: { type: "string", value: "<key>", help: "the key of the records" },
    kind: { type: "string", value: "<0-127>", help: "the kind of the records" },
    jsonl: { type: "boolean", help: "each line or argument is a record in JSON, as cat --json prints them" },
    atomic: { type: "boolean", help: "all of them or none: after a crash there is no part of them" },
    wait: { type: "string", value: "<ms>", help: "how long to wait for the lock" },
  },
  about: [
    "A log that is missing is created. It ends when all is flushed. Without values it reads stdin, a record a line.",
  ],
  examples: [
    "./data/orders/0 --key ada 'paid in 100'",
    "./data/orders/0 < lines.txt",
    "./data/copy/0 --jsonl < records.jsonl",
  ],
  async run(invocation) {
    const { flags, positionals, output, signal } = invocation;
    const [path, ...values] = positionals;
    const lockWaitMs = integerFlag(flags, "wait") ?? 0;
    const log = await openTold(logAt(path!, { missing: true }), invocation, { lockWaitMs });
    try {
      if (values.length === 0) output.hint("A record a line; Ctrl-D on an empty line ends it.");
      const records = recordsOf(values.length > 0 ? values : stdinLines(signal), invocation);
      const acks = flags.has("atomic") ? await appendTogether(log, records) : await appendEach(log, records);
      if (output.json) {
        for (const ack of acks.shown) await output.value(ack, { lines: true });
      } else if (acks.count === 0) await output.line("There was nothing to append.");
      else
        await output.line(
          `${countText(acks.count, "record")} appended: ${rangeText(acks.first, acks.next)}, on ${acks.durability}`,
        );
    } finally {
      await log.close();
    }
    return signal.aborted ? exit.interrupted : exit.fine;
  },
};

interface Acks {
  count: number;
  first: number | undefined;
  next: number;
  durability: Ack["durability"] | undefined;
  readonly shown: Ack[];
}

async function appendEach(log: Log, records: AsyncIterable<RecordInput>): Promise<Acks> {
  const acks: Acks = { count: 0, first: undefined, next: 0, durability: undefined, shown: [] };
  let pending: Promise<Ack>[] = [];
  const settle = async (): Promise<void> => {
    for (const ack of await Promise.all(pending)) note(acks, ack);
    pending = [];
  };
  try {
    for await (const record of records) {
      const ack = log.append(record);
      // Its failure is told when all of them are waited for.
      ack.catch(() => undefined);
      pending.push(ack);
      if (pending.length === pendingMax) await settle();
    }
  } finally {
    // Also those in front of a record that was refused.
    await settle();
  }
  return acks;
}

async function appendTogether(log: Log, records: AsyncIterable<RecordInput>): Promise<Acks> {
  const acks: Acks = { count: 0, first: undefined, next: 0, durability: undefined, shown: [] };
  const batch: RecordInput[] = [];
  for await (const record of records) batch.push(record);
  if (batch.length > 0) for (const ack of await log.appendBatch(batch)) note(acks, ack);
  return acks;
}

/** Of very many records, only the first acknowledgements are kept. */
const shownMax = 100_000;

function note(acks: Acks, ack: Ack): void {
  acks.count++;
  acks.first ??= ack.offset;
  acks.next = ack.offset + 1;
  acks.durability = ack.durability;
  if (acks.shown.length < shownMax) acks.shown.push(ack);
}

async function* recordsOf(
  lines: Iterable<string> | AsyncIterable<string>,
  { flags }: Invocation,
): AsyncGenerator<RecordInput> {
  const key = flags.get("key");
  const kind = integerFlag(flags, "kind");
  const common = { ...(key !== undefined && { key }), ...(kind !== undefined && { kind }) };
  let number = 0;
  for await (const line of lines) {
    number++;
    const record = flags.has("jsonl") ? { ...recordOfJson(line), ...common } : { ...common, value: line };
    try {
      checkRecord(record);
    } catch (error) {
      throw new UsageError(`cannot append record ${number}: ${reasonOf(error)}`);
    }
    yield record;
  }
}

function stdinLines(signal: AbortSignal): AsyncIterable<string> {
  return createInterface({ input: process.stdin, crlfDelay: Infinity, signal });
}
