/** `stats`: what is in a log, in numbers, found by reading all of it. */
import { openReader } from "../../open-log.ts";
import { logAt } from "../address.ts";
import { type Command, exit } from "../command.ts";
import { bytesText, countText, numberText, timeText } from "../text.ts";

export const stats: Command = {
  name: "stats",
  summary: "read all of a log and count records, batches, sizes, times",
  usage: "<log>",
  arity: [1, 1],
  flags: {},
  examples: ["./data/orders/0", "./data/orders/0 --json"],
  async run({ positionals: [path], output, signal }) {
    const log = logAt(path!);
    const reader = await openReader(log.address);
    const counted = new Counts();
    try {
      const { first, next } = reader;
      for await (const batch of reader.readBatches({ signal })) {
        counted.batches++;
        for (const { key, value, timestamp, kind, headers } of batch) {
          counted.add(key, value, timestamp);
          if (Object.keys(headers).length > 0) counted.withHeaders++;
          counted.kinds.set(kind, (counted.kinds.get(kind) ?? 0) + 1);
        }
        output.progress(`${numberText(counted.records)} of ${countText(next - first, "record")} read`);
      }
    } finally {
      output.progress("");
      await reader.close();
    }
    if (output.json) await output.value({ log: log.path, ...counted.json() });
    else for (const line of counted.lines()) await output.line(line);
    return exit.fine;
  },
};

/** How many values are at least so large. */
const sizes = [0, 64, 256, 1024, 4096, 16_384, 65_536, 1_048_576];
const barCells = 40;

class Counts {
  records = 0;
  batches = 0;
  withKey = 0;
  withHeaders = 0;
  keyBytes = 0;
  valueBytes = 0;
  largest = 0;
  firstTimestamp = Infinity;
  lastTimestamp = 0;
  readonly kinds = new Map<number, number>();
  readonly bySize = sizes.map(() => 0);

  add(key: Uint8Array | undefined, value: Uint8Array, timestamp: number): void {
    this.records++;
    if (key !== undefined) this.withKey++;
    this.keyBytes += key?.length ?? 0;
    this.valueBytes += value.length;
    this.largest = Math.max(this.largest, value.length);
    this.firstTimestamp = Math.min(this.firstTimestamp, timestamp);
    this.lastTimestamp = Math.max(this.lastTimestamp, timestamp);
    const at = sizes.findLastIndex((size) => value.length >= size);
    this.bySize[at] = this.bySize[at]! + 1;
  }

  json(): Record<string, unknown> {
    const { records, batches, withKey, withHeaders, keyBytes, valueBytes, largest } = this;
    const isEmpty = records === 0;
    return {
      records,
      batches,
      withKey,
      withHeaders,
      keyBytes,
      valueBytes,
      largestValue: largest,
      firstTimestamp: isEmpty ? undefined : this.firstTimestamp,
      lastTimestamp: isEmpty ? undefined : this.lastTimestamp,
      kinds: Object.fromEntries(this.kinds),
      valueSizes: sizes.map((from, index) => ({ from, records: this.bySize[index] })),
    };
  }

  lines(): string[] {
    const { records, batches, withKey, withHeaders, keyBytes, valueBytes } = this;
    if (records === 0) return ["The log has no records."];
    const kinds = Array.from(this.kinds, ([kind, count]) => `${kind} (${numberText(count)})`);
    const most = Math.max(...this.bySize);
    const bars = sizes.map((size, index) => {
      const count = this.bySize[index]!;
      const bar = "█".repeat(Math.ceil((count / most) * barCells));
      return `    from ${bytesText(size).padEnd(9)} ${numberText(count).padStart(11)}  ${bar}`;
    });
    return [
      `${countText(records, "record")} in ${countText(batches, "batch", "batches")}, ${numberText(records / batches)} each`,
      `  values   ${bytesText(valueBytes)}, on average ${bytesText(Math.round(valueBytes / records))}, the largest ${bytesText(this.largest)}`,
      `  keys     ${numberText(withKey)} records have one, ${bytesText(keyBytes)}`,
      `  headers  ${numberText(withHeaders)} records have some`,
      `  kinds    ${kinds.join(", ")}`,
      `  times    ${timeText(this.firstTimestamp)} to ${timeText(this.lastTimestamp)}`,
      "  values by size",
      ...bars.slice(0, this.bySize.findLastIndex((count) => count > 0) + 1),
    ];
  }
}
