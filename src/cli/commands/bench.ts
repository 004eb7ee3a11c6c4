/** `bench`: what a disk can do, and what a log makes of it. */
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { nodeStorage } from "../../../adapters/node/storage.ts";
import { openLog } from "../../open-log.ts";
import { integerFlag } from "../arguments.ts";
import { type Command, exit, type Invocation } from "../command.ts";
import { countText, numberText } from "../text.ts";

export const bench: Command = {
  name: "bench",
  summary: "what this disk can do, and what walkabout makes of it",
  usage: "[dir]",
  arity: [0, 1],
  flags: {
    seconds: {
      type: "string",
      value: "<count>",
      help: "how long each of the measurements takes, 2 by default",
    },
    bytes: { type: "string", value: "<count>", help: "the size of a record, 100 by default" },
    callers: { type: "string", value: "<count>", help: "how many append at the same time, 64 by default" },
  },
  about: [
    "In a new folder below dir, which is removed afterwards, it appends records that are flushed one by one, by",
    "many callers at once, and compares both with a bare loop of write and fdatasync in the same file system.",
  ],
  examples: ["", "./disk --seconds 5", "--callers 1024 --bytes 1000 --json"],
  async run(invocation) {
    const { positionals, flags, output, signal } = invocation;
    const [dir = "."] = positionals;
    const ms = 1000 * (integerFlag(flags, "seconds", 1) ?? 2);
    const size = integerFlag(flags, "bytes") ?? 100;
    const callers = integerFlag(flags, "callers", 1) ?? 64;
    mkdirSync(dir, { recursive: true });
    const folder = mkdtempSync(join(dir, "walkabout-bench-"));
    try {
      const record = new Uint8Array(size).fill(120);
      const work = { folder, record, ms, signal };
      output.progress("measuring the raw loop");
      const raw = await rawLoop(work);
      output.progress("measuring one caller");
      const serial = await appends(work, 1);
      output.progress(`measuring ${callers} callers`);
      const grouped = await appends(work, callers);
      output.progress("");
      await tell({ raw, serial, grouped }, callers, size, invocation);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return exit.fine;
  },
};

interface Work {
  readonly folder: string;
  readonly record: Uint8Array;
  readonly ms: number;
  readonly signal: AbortSignal;
}

interface Measured {
  readonly perSecond: number;
  /** In milliseconds, in ascending order. */
  readonly latencies: readonly number[];
}

/** As many latencies are kept as fit in little memory. */
const samplesMax = 1_000_000;

/** How long the loop runs until Ctrl-C is looked for, which takes next to no time. */
const turnMs = 50;

async function rawLoop({ folder, record, ms, signal }: Work): Promise<Measured> {
  const file = openSync(join(folder, "raw"), "w");
  const latencies: number[] = [];
  const began = performance.now();
  let before = began;
  let turnBegan = began;
  let position = 0;
  let count = 0;
  try {
    while (before - began < ms) {
      if (before - turnBegan >= turnMs) {
        await setImmediate();
        signal.throwIfAborted();
        turnBegan = before;
      }
      writeSync(file, record, 0, record.length, position);
      fdatasyncSync(file);
      position += record.length;
      count++;
      const now = performance.now();
      if (latencies.length < samplesMax) latencies.push(now - before);
      before = now;
    }
  } finally {
    closeSync(file);
  }
  return { perSecond: (count / (before - began)) * 1000, latencies: latencies.toSorted((a, b) => a - b) };
}

async function appends({ folder, record, ms, signal }: Work, callers: number): Promise<Measured> {
  const log = await openLog({ storage: nodeStorage(folder), topic: "bench", partition: callers });
  const latencies: number[] = [];
  const began = performance.now();
  let count = 0;
  const call = async (): Promise<void> => {
    for (let before = began; before - began < ms && !signal.aborted;) {
      await log.append({ value: record });
      const now = performance.now();
      if (latencies.length < samplesMax) latencies.push(now - before);
      before = now;
      count++;
    }
  };
  try {
    await Promise.all(Array.from({ length: callers }, call));
    signal.throwIfAborted();
    const took = performance.now() - began;
    return { perSecond: (count / took) * 1000, latencies: latencies.toSorted((a, b) => a - b) };
  } finally {
    await log.close();
  }
}

async function tell(
  { raw, serial, grouped }: Record<"raw" | "serial" | "grouped", Measured>,
  callers: number,
  size: number,
  { output }: Invocation,
): Promise<void> {
  if (output.json) {
    const of = ({ perSecond, latencies }: Measured) => ({
      perSecond: Math.round(perSecond),
      latencyMs: { p50: at(latencies, 0.5), p99: at(latencies, 0.99), max: latencies.at(-1) },
    });
    await output.value({
      recordBytes: size,
      callers,
      raw: of(raw),
      serial: of(serial),
      grouped: of(grouped),
    });
    return;
  }
  const { bold, dim } = output.paint;
  const print = async (title: string, { perSecond, latencies }: Measured): Promise<void> => {
    const ratio = perSecond / raw.perSecond;
    const times = `p50 ${milliseconds(at(latencies, 0.5))}, p99 ${milliseconds(at(latencies, 0.99))}`;
    await output.line(
      `${bold(title)}  ${numberText(perSecond)} records/s, ${ratio.toFixed(2)} × raw  ${dim(times)}`,
    );
    for (const line of histogram(latencies)) await output.line(`  ${line}`);
  };
  await output.line(`${countText(size, "byte")} a record, each flushed before it is acknowledged`);
  await print("raw loop of write and fdatasync", raw);
  await print("walkabout, one caller", serial);
  await print(`walkabout, ${countText(callers, "caller")}`, grouped);
}

function at(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 1 ? 3 : 2)} ms`;
}

const barCells = 40;

/** How many took so long: each line up to twice as long as the one before. */
function histogram(sorted: readonly number[]): string[] {
  const counts = new Map<number, number>();
  for (const latency of sorted) {
    const power = Math.ceil(Math.log2(Math.max(latency, 2 ** -10)));
    counts.set(power, (counts.get(power) ?? 0) + 1);
  }
  const powers = Array.from(counts.keys()).toSorted((a, b) => a - b);
  const most = Math.max(...counts.values());
  const rows: string[] = [];
  for (let power = powers[0] ?? 0; power <= (powers.at(-1) ?? -1); power++) {
    const count = counts.get(power) ?? 0;
    const bar = "█".repeat(Math.ceil((count / most) * barCells));
    rows.push(`up to ${milliseconds(2 ** power).padStart(10)}  ${numberText(count).padStart(9)}  ${bar}`);
  }
  return rows;
}
