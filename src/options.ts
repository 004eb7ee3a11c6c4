/**
 * The options that open a log, and their checks: what comes from a caller is checked here once.
 */
import type { Settings } from "./engine/settings.ts";
import { limit } from "./format/layout.ts";
import { encodeTopic } from "./format/names.ts";
import type { Signal, Storage } from "./storage.ts";

export interface LogAddress {
  /** Where the log lives: `nodeStorage("./data")`, `memoryStorage()`, … */
  readonly storage: Storage;
  /** The name of the log. Any text that is not empty and has UTF-8; see FORMAT.md for its length. */
  readonly topic: string;
  /** A topic may have many logs, by number. The default is 0. */
  readonly partition?: number | undefined;
}

export interface OpenLogOptions extends Omit<LogAddress, "partition"> {
  /**
   * A topic may have many logs, by number. The default is 0. `"free"` takes the first that nobody has
   * open: several tabs or processes that append to one topic get a log each.
   */
  readonly partition?: number | "free" | undefined;
  /** A new segment is begun when the next group would not fit, or on the first append after an age. */
  readonly segment?:
    | {
        /** The default is 64 MiB. */
        readonly maxBytes?: number | undefined;
        /** The default is no limit. */
        readonly maxAgeMs?: number | undefined;
      }
    | undefined;
  /**
   * The oldest whole segments are dropped while there is more than this. It is applied when the
   * log is opened and whenever a segment is begun. The default is to keep everything.
   */
  readonly retention?:
    | {
        readonly maxBytes?: number | undefined;
        /** By the time of appending, not by the records' own timestamps. */
        readonly maxAgeMs?: number | undefined;
      }
    | undefined;
  /**
   * `strict`, the default: an append is acknowledged when it is flushed. `relaxed`: once it is
   * written; it survives the process but not yet a loss of power, nor a flush that fails. The flush follows
   * in the next turn of the event loop, for all that was written until then.
   */
  readonly durability?: "strict" | "relaxed" | undefined;
  /** How much may be on its way before `append` waits and `stage` throws. The default is 64 MiB. */
  readonly maxPendingBytes?: number | undefined;
  /** The largest record, and the largest atomic batch, in encoded bytes. The default is 16 MiB. */
  readonly maxBatchBytes?: number | undefined;
  /** How many idempotent producers are remembered, the latest first. The default is 10,000. */
  readonly maxProducers?: number | undefined;
  /** How long to wait for the lock when somebody else holds it. The default is 0: not at all. */
  readonly lockWaitMs?: number | undefined;
  /** Gives up waiting for the lock. */
  readonly signal?: Signal | undefined;
}

const mebibyte = 2 ** 20;
/** A group is written in one piece, and a batch is what a reader holds in memory. */
const batchBytes = mebibyte;

export function checkAddress(options: LogAddress): { topic: string; partition: number; label: string } {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  const { storage, topic, partition = 0 } = options;
  checkStorage(storage);
  encodeTopic(topic);
  checkInteger("partition", partition, 0, limit.partition);
  return { topic, partition, label: `${topic}/${partition} in ${storage.name}` };
}

export function checkStorage(storage: Storage): void {
  if (typeof storage?.open === "function") return;
  throw new TypeError('storage must be a Storage, for example nodeStorage("./data") from "walkabout/node"');
}

export function checkOptions(options: Omit<OpenLogOptions, "partition">): Settings {
  const { segment, retention, durability = "strict" } = options;
  if (durability !== "strict" && durability !== "relaxed") {
    throw new TypeError(`durability must be "strict" or "relaxed", not ${String(durability)}`);
  }
  checkObject("segment", segment);
  checkObject("retention", retention);
  const { maxBytes: segmentBytesMax = 64 * mebibyte } = segment ?? {};
  const { maxBatchBytes: batchBytesMax = 16 * mebibyte } = options;
  const { maxPendingBytes: pendingBytesMax = 64 * mebibyte } = options;
  const { maxProducers: producersMax = 10_000 } = options;
  checkSignal(options.signal);
  checkInteger("segment.maxBytes", segmentBytesMax, 1, limit.segmentBytes);
  checkInteger("maxBatchBytes", batchBytesMax, 64, limit.batchBytes);
  checkInteger("maxPendingBytes", pendingBytesMax, 1, Number.MAX_SAFE_INTEGER);
  checkInteger("maxProducers", producersMax, 1, 100_000);
  return {
    segmentBytesMax,
    segmentAgeMsMax: atLeast("segment.maxAgeMs", segment?.maxAgeMs, 1),
    retentionBytesMax: atLeast("retention.maxBytes", retention?.maxBytes, 0),
    retentionAgeMsMax: atLeast("retention.maxAgeMs", retention?.maxAgeMs, 0),
    relaxed: durability === "relaxed",
    pendingBytesMax,
    batchBytesMax,
    batchBytes: Math.min(batchBytes, batchBytesMax, Math.max(4096, Math.floor(segmentBytesMax / 4))),
    producersMax,
  };
}

/** Throws a TypeError or RangeError unless `value` is a whole number in `[min, max]`. */
export function checkInteger(
  name: string,
  value: unknown,
  min: number,
  max: number,
): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, not ${describe(value)}`);
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not ${value}`);
}

/** Throws a TypeError unless `value` is an object or absent. */
function checkObject(name: string, value: unknown): void {
  if (value === undefined || (typeof value === "object" && value !== null)) return;
  throw new TypeError(`${name} must be an object, not ${describe(value)}`);
}

export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  const listen = (signal as Partial<Signal> | null)?.addEventListener;
  if (typeof listen !== "function")
    throw new TypeError(`signal must be an AbortSignal, not ${describe(signal)}`);
}

/** What a value is, for a message that says what it should have been. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "an object";
}

function atLeast(name: string, value: number | undefined, min: number): number {
  if (value === undefined || value === Infinity) return Infinity;
  checkInteger(name, value, min, Number.MAX_SAFE_INTEGER);
  return value;
}
