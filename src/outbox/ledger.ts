/**
 * A log of entries, some of which are settled. What settles an entry is a cursor: a record behind it in
 * the same log. Entries that are settled are truncated away from the front, a segment at a time. The
 * ledger does not know what an entry is for.
 */
import {
  type Ack,
  type Log,
  type LogRecord,
  openLog,
  type OpenLogOptions,
  type RecordInput,
  WalError,
} from "../index.ts";
import { isGone } from "./gone.ts";
import type { Clockwork } from "./platform.ts";
import { textOf } from "./text.ts";

/** Half-open. */
type Range = readonly [first: number, next: number];

export const kind = { entry: 0, cursor: 1 } as const;

/** How long to wait before a cursor that could not be written is tried again. */
const cursorRetryMs = 1000;
/** Entries that lie closer together than this are read in one go. */
const gapMax = 64;

export interface LedgerOptions {
  readonly log: Pick<OpenLogOptions, "storage" | "topic" | "partition" | "lockWaitMs" | "signal">;
  /** Settled entries are given back to the storage when there are about so many bytes of them. */
  readonly segmentBytes: number;
  readonly clockwork: Clockwork;
  /** Written into every cursor, so that the last one always tells it. */
  readonly about: () => object;
  /** A cursor could not be written, or settled entries not be removed. Both are tried again. */
  readonly onError: (error: unknown) => void;
  /** Cursors can be written again. */
  readonly onRecovered: () => void;
  /** The storage is gone: nothing will be written or read any more. It may be told more than once. */
  readonly onGone: (error: unknown) => void;
}

/** What was found in a log when it was opened. */
export interface Found<T> {
  readonly ledger: Ledger;
  /** The entries that are not settled, in order. */
  readonly entries: T[];
  /** What the last cursor tells. */
  readonly about: unknown;
}

export class Ledger {
  readonly #log: Log;
  readonly #options: LedgerOptions;
  /** Entries that no durable cursor settles, in order, with their size. */
  readonly #live = new Map<number, number>();
  #unwritten: number[] = [];
  #writing: Promise<void> | undefined;
  #callOffRetry: (() => void) | undefined;
  #lastCursor = 0;
  /** Bytes that were settled since the log was truncated last. */
  #freed = 0;
  #closed = false;
  /** Whether the last cursor could not be written. */
  failing = false;

  private constructor(log: Log, options: LedgerOptions) {
    this.#log = log;
    this.#options = options;
  }

  /** Opens the log, and answers what `decode` makes of each entry that is not settled. */
  static async open<T>(options: LedgerOptions, decode: (record: LogRecord) => T): Promise<Found<T>> {
    const { segmentBytes } = options;
    const log = await openLog({ ...options.log, segment: { maxBytes: segmentBytes } });
    try {
      const ledger = new Ledger(log, options);
      return { ledger, ...(await ledger.#replay(decode)) };
    } catch (error) {
      await log.close().catch(() => undefined);
      throw error;
    }
  }

  /** Which of the logs of its topic it is. */
  get partition(): number {
    return this.#log.partition;
  }

  /** The strength and the rest are those of the log. What comes back is not settled. */
  async append(record: RecordInput, bytes: number): Promise<Ack> {
    const ack = await this.#watched(this.#log.append({ ...record, kind: kind.entry }));
    this.#live.set(ack.offset, bytes);
    return ack;
  }

  /** Writes a cursor that settles nothing, and is durable when this resolves. */
  async note(): Promise<void> {
    this.#lastCursor = (await this.#watched(this.#log.append(this.#cursor([])))).offset;
  }

  /** These are never needed again. It is made durable soon; see {@link Ledger.written}. */
  settle(offsets: readonly number[]): void {
    if (offsets.length === 0) return;
    this.#unwritten.push(...offsets);
    if (this.#writing === undefined && !this.#closed) this.#writing = this.#write();
  }

  /** Resolves when everything that was settled is durable, however many attempts that takes. */
  async written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Offsets that are settled, and that no durable cursor tells of yet. */
  get unwritten(): ReadonlySet<number> {
    return new Set(this.#unwritten);
  }

  /** The records at these offsets, which grow. */
  read(offsets: readonly number[]): Promise<LogRecord[]> {
    return this.#watched(this.#read(offsets));
  }

  async #read(offsets: readonly number[]): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    for (const [from, to] of rangesOf(offsets, gapMax)) {
      const wanted = new Set(offsets.filter((offset) => offset >= from && offset < to));
      for await (const record of this.#log.read({ from, to })) {
        if (wanted.has(record.offset)) records.push(record);
      }
    }
    return records;
  }

  /** Writes what is settled, if that is possible now, and closes the log. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#callOffRetry?.();
    await this.#writing;
    await this.#log.close();
  }

  async #replay<T>(decode: (record: LogRecord) => T): Promise<Pick<Found<T>, "entries" | "about">> {
    const entries = new Map<number, T>();
    let about: unknown;
    for await (const record of this.#log.read()) {
      const { offset } = record;
      if (record.kind === kind.entry) {
        entries.set(offset, decode(record));
        this.#live.set(offset, sizeOf(record));
        continue;
      }
      const cursor = this.#parsed(record);
      for (const [first, next] of cursor.settled) {
        for (let each = first; each < next; each++) {
          entries.delete(each);
          this.#live.delete(each);
        }
      }
      about = cursor.about;
      this.#lastCursor = offset;
    }
    return { entries: [...entries.values()], about };
  }

  /** Runs until nothing is left to write: what is settled meanwhile goes into the next cursor. */
  async #write(): Promise<void> {
    // What is settled in the same turn goes into the first one.
    await undefined;
    do {
      const offsets = this.#unwritten.toSorted((a, b) => a - b);
      this.#unwritten = [];
      try {
        this.#lastCursor = (await this.#log.append(this.#cursor(offsets))).offset;
        this.#forget(offsets);
        if (this.failing) this.#recovered();
        if (this.#freed >= this.#options.segmentBytes) await this.#truncate();
      } catch (error) {
        this.failing = true;
        this.#unwritten.push(...offsets);
        if (isGone(error)) this.#options.onGone(error);
        else this.#options.onError(error);
        if (this.#closed) break;
        await this.#pause();
      }
    } while (this.#unwritten.length > 0 || this.failing);
    this.#writing = undefined;
  }

  #forget(offsets: readonly number[]): void {
    for (const offset of offsets) {
      this.#freed += this.#live.get(offset) ?? 0;
      this.#live.delete(offset);
    }
  }

  /** Never past the last cursor, which holds what it is about. */
  async #truncate(): Promise<void> {
    this.#freed = 0;
    const [oldest = this.#lastCursor] = this.#live.keys();
    const first = Math.min(oldest, this.#lastCursor);
    await this.#log.truncateBefore(first).catch(this.#options.onError);
  }

  async #watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (isGone(error)) this.#options.onGone(error);
      throw error;
    }
  }

  #recovered(): void {
    this.failing = false;
    this.#options.onRecovered();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.#options.clockwork.after(cursorRetryMs, resolve);
      this.#callOffRetry = () => {
        callOff();
        resolve();
      };
    });
  }

  #cursor(offsets: readonly number[]): RecordInput {
    const value = JSON.stringify({ settled: rangesOf(offsets, 1), about: this.#options.about() });
    return { kind: kind.cursor, value };
  }

  #parsed({ offset, kind: given, value }: LogRecord): { settled: readonly Range[]; about: unknown } {
    try {
      if (given === kind.cursor) return JSON.parse(textOf(value)) as { settled: Range[]; about: unknown };
    } catch {
      // Told below.
    }
    const { topic } = this.#options.log;
    throw new WalError(
      "FORMAT",
      `cannot open log ${topic}: the record at offset ${offset} is no record of an outbox`,
    );
  }
}

/** What a record takes, about. */
export function sizeOf({ key, value, headers }: LogRecord): number {
  const named = Object.entries(headers).reduce((sum, [name, each]) => sum + name.length + each.length, 0);
  return value.length + (key?.length ?? 0) + named;
}

/** The offsets, which grow, as ranges; those less than `gap` apart are in the same one. */
function rangesOf(offsets: readonly number[], gap: number): Range[] {
  const ranges: [number, number][] = [];
  for (const offset of offsets) {
    const last = ranges.at(-1);
    if (last !== undefined && offset - last[1] < gap) last[1] = offset + 1;
    else ranges.push([offset, offset + 1]);
  }
  return ranges;
}
