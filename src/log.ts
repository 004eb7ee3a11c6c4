/**
 * The public verbs. They check what they are given, and hand it to the engine.
 */
import type { Ack } from "./ack.ts";
import { checkProducer, checkRecord, checkRecords } from "./check-record.ts";
import { Appends } from "./engine/appends.ts";
import type { Core } from "./engine/core.ts";
import * as maintenance from "./engine/maintenance.ts";
import type { ClosedSegment } from "./engine/maintenance.ts";
import type { RecoveryReport } from "./engine/open.ts";
import type { View } from "./engine/reader.ts";
import { viewOf } from "./engine/writer-view.ts";
import type { Writer } from "./engine/writer.ts";
import { WalError } from "./errors.ts";
import { limit } from "./format/layout.ts";
import type { RecordBatch } from "./format/record-batch.ts";
import { checkInteger } from "./options.ts";
import { batchesOf, offsetAtTimestamp, type ReadOptions, recordsOf } from "./read.ts";
import type { LogRecord, Producer, RecordInput } from "./record.ts";
import { type LogStats, statsOf } from "./stats.ts";
import type { Place } from "./storage.ts";

export interface AppendOptions {
  /** Makes the append idempotent: the same producer, epoch and sequence is stored once. */
  readonly producer?: Producer | undefined;
}

/** What `openLog` takes apart again: the parts of an open log. */
export interface LogParts {
  readonly core: Core;
  readonly writer: Writer;
  readonly place: Place;
  readonly recovery: RecoveryReport;
}

export class Log {
  /** What was found when the log was opened, and what was done about it. */
  readonly recovery: RecoveryReport;
  readonly #core: Core;
  readonly #writer: Writer;
  readonly #place: Place;
  readonly #view: View;
  readonly #appends: Appends;
  #closing: Promise<void> | undefined;
  #closed = false;

  /** Use `openLog`. */
  constructor(parts: LogParts) {
    this.#core = parts.core;
    this.#writer = parts.writer;
    this.#place = parts.place;
    this.recovery = parts.recovery;
    this.#view = viewOf(parts.core, parts.writer.intake, () => this.#closed);
    this.#appends = new Appends(parts.core, parts.writer, this.#view);
  }

  get topic(): string {
    return this.#core.identity.topic;
  }

  get partition(): number {
    return this.#core.identity.partition;
  }

  /** The first offset that has not been truncated away. */
  get first(): number {
    return this.#core.first;
  }

  /** The offset that the next record gets. */
  get next(): number {
    return this.#writer.intake.next;
  }

  /** The offset below which every record has been flushed, and can be read. */
  get durable(): number {
    return this.#core.durable;
  }

  /**
   * Appends one record, and resolves when it is durable. Appends that are under way at the same
   * time share one flush. Do not change its bytes before that.
   *
   * Rejects with `FLUSH_FAILED` when it is not in the log; it may then be appended again.
   *
   *     const ack = await log.append({ key: "order-17", value: JSON.stringify(order) });
   */
  append(record: RecordInput, options?: AppendOptions): Promise<Ack> {
    try {
      this.#assertOpen("append to");
      checkRecord(record);
      const producer = options?.producer;
      if (producer !== undefined) checkProducer(producer);
      if (!this.#writer.intake.isFull) return this.#appends.append(record, producer);
      return this.#appendLater(record, producer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Appends several records as one batch: after a crash either all of them are there, or none.
   * With a producer, its sequence is that of the first record, and the others follow it.
   */
  appendBatch(records: readonly RecordInput[], options?: AppendOptions): Promise<Ack[]> {
    try {
      this.#assertOpen("append to");
      checkRecords(records);
      const producer = options?.producer;
      if (producer !== undefined) checkProducer(producer);
      if (!this.#writer.intake.isFull) return this.#appends.appendBatch(records, producer);
      return this.#whenRoom(() => this.#appends.appendBatch(records, producer));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Takes one record without a promise, and answers its offset. It becomes durable with the next
   * `append` or `flush`, which is also where its failure is told.
   *
   * Throws `FULL` when too much is on its way: then await `flush`.
   */
  stage(record: RecordInput, options?: AppendOptions): number {
    this.#assertOpen("stage to");
    checkRecord(record);
    const producer = options?.producer;
    if (producer !== undefined) {
      checkProducer(producer);
      const [known] = this.#core.state.producers.admit(producer, 1);
      if (known !== undefined) return known;
    }
    if (this.#writer.intake.isFull) throw this.#full();
    return this.#writer.intake.stage(record, producer);
  }

  /** Resolves when everything that was appended or staged before is durable. */
  async flush(): Promise<void> {
    this.#assertOpen("flush");
    await this.#writer.flush();
    this.#writer.reportLoss();
  }

  /** Reads records one by one. See {@link Log.readBatches} for the faster way. */
  read(options: ReadOptions = {}): AsyncGenerator<LogRecord, void, void> {
    return recordsOf(this.#view, options);
  }

  /**
   * Reads records batch by batch, as they were flushed or appended together.
   *
   *     for await (const batch of log.readBatches({ from: 0 })) for (const record of batch) …
   */
  readBatches(options: ReadOptions = {}): AsyncGenerator<RecordBatch, void, void> {
    return batchesOf(this.#view, options);
  }

  /** The offset of the first record whose timestamp is `timestamp` or later, or `durable`. */
  offsetAt(timestamp: number): Promise<number> {
    return offsetAtTimestamp(this.#view, timestamp);
  }

  /** Finishes the segment that is written to. Answers nothing when it holds no record. */
  async rotate(): Promise<ClosedSegment | undefined> {
    return this.#exclusive("rotate", () => maintenance.rotate(this.#core, this.#writer));
  }

  /**
   * Forgets the records before `offset`, for good: `first` becomes `offset`. It may be anything up
   * to `next`; an offset that is gone already changes nothing.
   */
  async truncateBefore(offset: number): Promise<void> {
    checkInteger("offset", offset, 0, limit.offset);
    return this.#exclusive("truncate", () => maintenance.truncateBefore(this.#core, this.#writer, offset));
  }

  /**
   * Forgets the records after `offset`, for good: `next` becomes `offset + 1`. With `first - 1`,
   * which may be -1, the log is empty.
   */
  async truncateAfter(offset: number): Promise<void> {
    checkInteger("offset", offset, -1, limit.offset);
    const work = (): Promise<void> => maintenance.truncateAfter(this.#core, this.#writer, offset);
    return this.#exclusive("truncate", work, { holding: true });
  }

  stats(): LogStats {
    return statsOf(this.#core, this.#writer);
  }

  /**
   * Flushes what is on its way, and gives the log free. Rejects with `FLUSH_FAILED` when that
   * flush failed; the log is closed all the same.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Apart from `append`, which would make this closure for each record whether or not it has to wait. */
  #appendLater(record: RecordInput, producer: Producer | undefined): Promise<Ack> {
    return this.#whenRoom(() => this.#appends.append(record, producer));
  }

  /** Appends when there is room, in the order of the calls. */
  #whenRoom<T>(append: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          append().then(resolve, reject);
        } catch (error) {
          reject(error);
        }
      };
      this.#writer.intake.whenRoom(run, reject);
    });
  }

  async #exclusive<T>(action: string, work: () => Promise<T>, options?: { holding: boolean }): Promise<T> {
    this.#assertOpen(action);
    return this.#writer.exclusive(work, options);
  }

  async #close(): Promise<void> {
    let failure: { error: unknown } | undefined;
    try {
      await this.#writer.flush();
      this.#writer.reportLoss();
    } catch (error) {
      failure = { error };
    }
    await this.#appends.settled();
    // Whatever fails in front of it, the log is left once.
    while (!this.#closed) {
      await this.#writer.exclusive(() => this.#leave()).catch((error: unknown) => (failure ??= { error }));
    }
    if (failure !== undefined) throw failure.error;
  }

  async #leave(): Promise<void> {
    const core = this.#core;
    try {
      await maintenance.writeClose(core, this.#writer);
    } finally {
      this.#closed = true;
      core.watchers.wake();
      core.files.release(core.active.segment.name);
      try {
        await core.files.end();
      } finally {
        await this.#place.close();
      }
    }
  }

  #assertOpen(action: string): void {
    if (this.#closing !== undefined) {
      const { label } = this.#core.identity;
      throw new WalError("CLOSED", `cannot ${action} log ${label}: it was closed`, { log: label });
    }
    this.#writer.reportLoss();
  }

  #full(): WalError {
    const { identity, settings } = this.#core;
    return new WalError(
      "FULL",
      `cannot stage a record in log ${identity.label}: ${this.#writer.intake.pendingBytes} bytes are on their way, ` +
        `and maxPendingBytes is ${settings.pendingBytesMax}, or a truncation is under way. Await flush() first.`,
      { log: identity.label },
    );
  }
}
