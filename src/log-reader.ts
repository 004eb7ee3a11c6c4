/** The verbs of a reader without the lock. */
import type { Observer } from "./engine/observer.ts";
import type { RecordBatch } from "./format/record-batch.ts";
import { batchesOf, offsetAtTimestamp, type ReadOptions, recordsOf } from "./read.ts";
import type { LogRecord } from "./record.ts";
import type { Place } from "./storage.ts";

/**
 * Reads a log that somebody else may be writing. Its counters are those of the last time it
 * looked, which `refresh` and a following read do.
 */
export class LogReader {
  readonly #observer: Observer;
  readonly #place: Place;

  /** Use `openReader`. */
  constructor(observer: Observer, place: Place) {
    this.#observer = observer;
    this.#place = place;
  }

  get first(): number {
    return this.#observer.first;
  }

  /** The offset behind the last whole record that is written. */
  get next(): number {
    return this.#observer.visible;
  }

  /** The offset below which every record is proven to have been flushed. */
  get durable(): number {
    return this.#observer.proven;
  }

  /** Names of files in the log's folder that are none of its own. */
  get foreign(): readonly string[] {
    return this.#observer.foreign;
  }

  /** Looks again, at all that was written before the call. Answers whether anything has changed. */
  refresh(): Promise<boolean> {
    return this.#observer.renew();
  }

  read(options: ReadOptions = {}): AsyncGenerator<LogRecord, void, void> {
    return recordsOf(this.#observer, options);
  }

  readBatches(options: ReadOptions = {}): AsyncGenerator<RecordBatch, void, void> {
    return batchesOf(this.#observer, options);
  }

  offsetAt(timestamp: number): Promise<number> {
    return offsetAtTimestamp(this.#observer, timestamp);
  }

  async close(): Promise<void> {
    if (this.#observer.closed) return;
    await this.#observer.close();
    await this.#place.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
