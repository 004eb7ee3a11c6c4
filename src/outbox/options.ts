/** The options of an outbox, and their checks: what comes from a caller is checked here once. */
import type { RecordInput, Signal, Storage } from "../index.ts";
import type { Backoff } from "./backoff.ts";
import type { Deliver } from "./deliver.ts";
import type { Order } from "./lanes.ts";
import { type Clockwork, clockwork, type Hints, hints } from "./platform.ts";
import { reservedPrefix } from "./stored.ts";

/** Which outbox is meant. */
export interface OutboxAddress {
  /** Where it lives: `browserStorage()`, `nodeStorage("./data")`, … */
  readonly storage: Storage;
  /** The name of the outbox. */
  readonly name: string;
  /**
   * Whose records these are. Each principal has an outbox of their own: whoever opens one never sees,
   * sends or removes what another one pushed.
   */
  readonly principal?: string | undefined;
}

export interface OutboxOptions extends OutboxAddress {
  /**
   * An outbox may have several logs, by number, for tabs or processes that push side by side: each has one open, and
   * delivers what is in it. `"free"` takes the first that nobody has open. Order is kept within one of them. The
   * default is 0.
   */
  readonly partition?: number | "free" | undefined;
  /**
   * Whether to take over what others left in their logs and have open no more: tabs that were closed, processes
   * that died. The default is to do so with `"free"` alone.
   */
  readonly adopt?: boolean | undefined;
  /** How often to look for such logs, besides at opening, at hints, and when a tab goes. The default is 30 s. */
  readonly adoptEveryMs?: number | undefined;
  /** Hands records to the other side: `fetchDelivery({ url })`, or your own. */
  readonly deliver: Deliver;
  /**
   * `key`, the default: records with the same key keep their order, and those without a key have none.
   * `strict`: all records keep their order, one delivery at a time. `none`: no record waits for another.
   */
  readonly order?: Order | undefined;
  /** How many deliveries may be on their way at the same time. The default is 4; with `strict` it is 1. */
  readonly parallel?: number | undefined;
  /** How much travels together. The default is 100 records and 256 KiB. */
  readonly batch?:
    | { readonly maxRecords?: number | undefined; readonly maxBytes?: number | undefined }
    | undefined;
  /** How long a delivery may take before it is given up and repeated. The default is 30 s. */
  readonly timeoutMs?: number | undefined;
  /** The waits between attempts. The default is 1 s for the first, doubled each time, up to 5 minutes. */
  readonly backoff?: Partial<Backoff> | undefined;
  /** Records that waited for longer are moved to the dead letters. The default is no limit. */
  readonly maxAgeMs?: number | undefined;
  /** How many bytes of keys, values and headers may be pending. The default is 64 MiB. */
  readonly maxBytes?: number | undefined;
  /**
   * What happens to a push that would go over `maxBytes`. `reject`, the default: it rejects with `FULL`.
   * `block`: it waits. `drop-oldest-to-dead`: the oldest records become dead letters.
   */
  readonly whenFull?: WhenFull | undefined;
  /** The space of delivered records is given back in pieces of this size. The default is 1 MiB. */
  readonly segmentBytes?: number | undefined;
  /** How long to wait for the lock when somebody else has the outbox open. The default is 0: not at all. */
  readonly lockWaitMs?: number | undefined;
  /** Gives up waiting for the lock. */
  readonly signal?: Signal | undefined;
  /** Timers and chance. The default is those of the runtime. */
  readonly clockwork?: Clockwork | undefined;
  /** What tells that a new attempt may be worth while. The default listens to `online` and the page. */
  readonly hints?: Hints | undefined;
}

export type WhenFull = "block" | "reject" | "drop-oldest-to-dead";

/** The options with every default in place. */
export interface OutboxSettings {
  readonly address: OutboxAddress;
  readonly partition: number | "free" | undefined;
  readonly adopt: boolean;
  readonly adoptEveryMs: number;
  readonly deliver: Deliver;
  readonly order: Order;
  readonly parallel: number;
  readonly batchRecordsMax: number;
  readonly batchBytesMax: number;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  readonly maxAgeMs: number;
  readonly bytesMax: number;
  readonly whenFull: WhenFull;
  readonly segmentBytes: number;
  readonly lockWaitMs: number | undefined;
  readonly signal: Signal | undefined;
  readonly clockwork: Clockwork;
  readonly hints: Hints;
}

const mebibyte = 2 ** 20;
const integerMax = Number.MAX_SAFE_INTEGER;

export function checkOptions(options: OutboxOptions): OutboxSettings {
  const address = checkAddress(options);
  const { deliver, order = "key", whenFull = "reject", parallel = 4, batch = {}, backoff = {} } = options;
  if (typeof deliver !== "function") {
    throw new TypeError("deliver must be a function, for example fetchDelivery({ url })");
  }
  checkName("order", order, ["key", "strict", "none"]);
  checkName("whenFull", whenFull, ["reject", "block", "drop-oldest-to-dead"]);
  const { baseMs = 1000, maxMs = 300_000 } = backoff;
  return {
    address,
    partition: options.partition,
    adopt: options.adopt ?? options.partition === "free",
    adoptEveryMs: checked("adoptEveryMs", options.adoptEveryMs ?? 30_000, 1, 2 ** 31 - 1),
    deliver,
    order,
    whenFull,
    parallel: order === "strict" ? 1 : checked("parallel", parallel, 1, 64),
    batchRecordsMax: checked("batch.maxRecords", batch.maxRecords ?? 100, 1, 100_000),
    batchBytesMax: checked("batch.maxBytes", batch.maxBytes ?? mebibyte / 4, 1, integerMax),
    timeoutMs: checked("timeoutMs", options.timeoutMs ?? 30_000, 1, 2 ** 31 - 1),
    backoff: {
      baseMs: checked("backoff.baseMs", baseMs, 0, integerMax),
      maxMs: checked("backoff.maxMs", maxMs, 0, integerMax),
    },
    maxAgeMs: orInfinity("maxAgeMs", options.maxAgeMs, Infinity),
    bytesMax: orInfinity("maxBytes", options.maxBytes, 64 * mebibyte),
    segmentBytes: checked("segmentBytes", options.segmentBytes ?? mebibyte, 1, 2 ** 30),
    lockWaitMs: options.lockWaitMs,
    signal: options.signal,
    clockwork: options.clockwork ?? clockwork,
    hints: options.hints ?? hints,
  };
}

export function checkAddress({ storage, name, principal }: OutboxAddress): OutboxAddress {
  if (typeof storage?.open !== "function") throw new TypeError("storage must be a Storage");
  checkText("name", name);
  if (principal !== undefined) checkText("principal", principal);
  return { storage, name, principal };
}

/** What has to be right before the record is measured. The log checks the rest. */
export function checkPush(record: RecordInput): void {
  if (typeof record !== "object" || record === null) throw new TypeError("a record must be an object");
  if (record.kind !== undefined) throw new TypeError("a record in an outbox has no kind of its own");
  if (record.key !== undefined) checkBytes("key", record.key);
  if (record.value !== undefined) checkBytes("value", record.value);
  for (const [header, value] of Object.entries(record.headers ?? {})) {
    checkBytes(`header ${header}`, value);
    if (!header.startsWith(reservedPrefix)) continue;
    throw new TypeError(`header ${header} cannot be pushed: names with ${reservedPrefix} are reserved`);
  }
}

function checkBytes(what: string, given: unknown): void {
  if (typeof given === "string" || given instanceof Uint8Array) return;
  throw new TypeError(
    `${what} must be a string or a Uint8Array, not ${given === null ? "null" : typeof given}`,
  );
}

function checkText(what: string, text: unknown): void {
  if (typeof text !== "string") throw new TypeError(`${what} must be a string, not ${typeof text}`);
  if (text === "") throw new RangeError(`${what} must not be empty`);
}

function checkName(what: string, given: unknown, allowed: readonly string[]): void {
  if (allowed.includes(given as string)) return;
  throw new TypeError(`${what} must be one of ${allowed.join(", ")}, not ${String(given)}`);
}

function checked(what: string, value: unknown, min: number, max: number): number {
  if (typeof value !== "number") throw new TypeError(`${what} must be a number, not ${typeof value}`);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${what} must be a whole number from ${min} to ${max}, not ${value}`);
}

function orInfinity(what: string, value: number | undefined, otherwise: number): number {
  const given = value ?? otherwise;
  return given === Infinity ? Infinity : checked(what, given, 1, integerMax);
}
