/** `cat` and `tail`: the records of a log, without its lock. */
import type { LogReader } from "../../log-reader.ts";
import { openReader } from "../../open-log.ts";
import type { LogRecord } from "../../record.ts";
import { logAt } from "../address.ts";
import { integerFlag, placeFlag } from "../arguments.ts";
import { type Command, exit, type Flag, type Invocation, UsageError } from "../command.ts";
import type { Output } from "../output.ts";
import { type Format, formats, recordHex, recordJson, recordText } from "../records.ts";
import { textOf } from "../text.ts";

const shared: Readonly<Record<string, Flag>> = {
  from: {
    type: "string",
    value: "<offset|time>",
    help: "begin at an offset, a date, or a time ago such as 10m",
  },
  key: { type: "string", value: "<key>", help: "only records with this key" },
  format: { type: "string", value: "<text|json|hex>", help: "how to show a record; json is one a line" },
};

export const cat: Command = {
  name: "cat",
  summary: "print records",
  usage: "<log>",
  arity: [1, 1],
  flags: {
    ...shared,
    to: { type: "string", value: "<offset|time>", help: "end before an offset or a time" },
    limit: { type: "string", short: "n", value: "<count>", help: "at most so many records" },
  },
  about: ['Bytes that are no text are shown as 0x…, in JSON as {"base64": …}.'],
  examples: [
    "./data/orders/0",
    "./data/orders/0 --from 1000 --limit 5",
    "./data/orders/0 --from 10m --key ada --json",
  ],
  async run(invocation) {
    const limit = integerFlag(invocation.flags, "limit", 1) ?? Infinity;
    return withReader(invocation, async (reader) => {
      const from = (await offsetOf(reader, invocation, "from")) ?? reader.first;
      const to = (await offsetOf(reader, invocation, "to")) ?? reader.next;
      if (to > from) await printRecords(reader, { ...invocation, range: { from, to }, limit });
      return exit.fine;
    });
  },
};

export const tail: Command = {
  name: "tail",
  summary: "print the last records, and with -f those still to come",
  usage: "<log>",
  arity: [1, 1],
  flags: {
    ...shared,
    follow: { type: "boolean", short: "f", help: "wait for more, until Ctrl-C" },
    lines: { type: "string", short: "n", value: "<count>", help: "how many of the last ones, 10 by default" },
  },
  examples: ["./data/orders/0", "./data/orders/0 -f", "./data/orders/0 -f --from 10m --key ada"],
  async run(invocation) {
    const { flags, signal } = invocation;
    const follow = flags.has("follow");
    const lines = integerFlag(flags, "lines") ?? 10;
    return withReader(invocation, async (reader) => {
      const from =
        (await offsetOf(reader, invocation, "from")) ?? Math.max(reader.first, reader.next - lines);
      try {
        await printRecords(reader, { ...invocation, range: { from, follow }, limit: Infinity });
      } catch (error) {
        // Ctrl-C is how following ends.
        if (!follow || !signal.aborted) throw error;
      }
      return exit.fine;
    });
  },
};

async function withReader(
  { positionals: [path] }: Invocation,
  work: (reader: LogReader) => Promise<number>,
): Promise<number> {
  const reader = await openReader(logAt(path!).address);
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}

async function offsetOf(
  reader: LogReader,
  { flags }: Invocation,
  name: "from" | "to",
): Promise<number | undefined> {
  const place = placeFlag(flags, name);
  if (place === undefined) return undefined;
  if ("timestamp" in place) return reader.offsetAt(place.timestamp);
  const { offset } = place;
  if (offset >= reader.first && offset <= reader.next) return offset;
  const there =
    reader.first === reader.next
      ? `it is empty, next is ${reader.next}`
      : `it has ${reader.first} to ${reader.next - 1}`;
  throw new UsageError(`--${name} ${offset} is not in this log: ${there}`);
}

interface Printing extends Invocation {
  readonly range: { readonly from: number; readonly to?: number; readonly follow?: boolean };
  readonly limit: number;
}

async function printRecords(
  reader: LogReader,
  { flags, output, signal, range, limit }: Printing,
): Promise<void> {
  const format = formatOf(flags, output);
  const key = flags.get("key");
  let left = limit;
  for await (const batch of reader.readBatches({ ...range, signal })) {
    let text = "";
    for (const record of batch) {
      if (key !== undefined && (record.key === undefined || textOf(record.key) !== key)) continue;
      if (left-- <= 0) break;
      text += `${shown(record, format, output)}\n`;
      if (text.length > flushChars) {
        await output.bytes(encoder.encode(text));
        text = "";
      }
    }
    if (text !== "") await output.bytes(encoder.encode(text));
    if (left <= 0) return;
  }
}

/** A batch is printed at once, unless it is large. */
const flushChars = 65_536;
const encoder = new TextEncoder();

function shown(record: LogRecord, format: Format, output: Output): string {
  if (format === "json") return JSON.stringify(recordJson(record));
  return format === "hex" ? recordHex(record, output) : recordText(record, output);
}

function formatOf(flags: ReadonlyMap<string, string>, output: Output): Format {
  const format = flags.get("format") ?? (output.json ? "json" : "text");
  if ((formats as readonly string[]).includes(format)) return format as Format;
  throw new UsageError(`--format must be ${formats.join(", ")}, not ${format}`);
}
