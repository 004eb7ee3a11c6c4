/**
 * A batch of records as a reader sees it: verified bytes that are decoded only as far as they are
 * looked at. It may be trimmed to a range of its offsets.
 */
import type { LogRecord } from "../record.ts";
import type { BatchHeader } from "./batch-header.ts";
import { ByteReader, malformed } from "./bytes.ts";
import { decodeProducer } from "./control.ts";
import { attribute, batchHeader } from "./layout.ts";
import { decodeRecord, skipRecord, skipToTimestamp } from "./record.ts";

export class RecordBatch implements Iterable<LogRecord> {
  /** The offset of the first record. */
  readonly first: number;
  /** The offset behind the last record. */
  readonly next: number;
  /** Whether it is proven that the batch was flushed. */
  readonly durable: boolean;
  readonly #header: BatchHeader;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #at: number;

  /** The payload begins at `at` of `bytes`, and has passed its checksum. */
  constructor(
    header: BatchHeader,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    durable: boolean,
    first = header.baseOffset,
    next = header.baseOffset + header.count,
  ) {
    this.#header = header;
    this.#bytes = bytes;
    this.#view = view;
    this.#at = at;
    this.durable = durable;
    this.first = first;
    this.next = next;
  }

  /** Where the batch begins in its segment. */
  get position(): number {
    return this.#header.position;
  }

  /** How many records there are. */
  get count(): number {
    return this.next - this.first;
  }

  /** The same bytes, without the records before `first` and from `next` on. */
  trim(first: number, next: number): RecordBatch {
    if (first <= this.first && next >= this.next) return this;
    return new RecordBatch(
      this.#header,
      this.#bytes,
      this.#view,
      this.#at,
      this.durable,
      Math.max(first, this.first),
      Math.min(next, this.next),
    );
  }

  *[Symbol.iterator](): Iterator<LogRecord> {
    const reader = this.#reader();
    const { baseTimestamp } = this.#header;
    this.#skipToFirst(reader);
    for (let offset = this.first; offset < this.next; offset++) {
      yield decodeRecord(reader, offset, baseTimestamp, this.durable);
    }
    this.#expectEnd(reader);
  }

  /**
   * Calls `visit` with each value in place: `bytes[start]` to `bytes[end - 1]`. The fastest way
   * through a batch, without an object per record.
   */
  eachValue(visit: (bytes: Uint8Array, start: number, end: number, offset: number) => void): void {
    const reader = this.#reader();
    this.#skipToFirst(reader);
    for (let offset = this.first; offset < this.next; offset++) {
      const start = skipRecord(reader);
      visit(this.#bytes, start, reader.at, offset);
    }
    this.#expectEnd(reader);
  }

  /** The offset of the first record at or after `timestamp`, if there is one. */
  offsetAt(timestamp: number): number | undefined {
    if (this.#header.maxTimestamp < timestamp) return undefined;
    const reader = this.#reader();
    this.#skipToFirst(reader);
    for (let offset = this.first; offset < this.next; offset++) {
      if (skipToTimestamp(reader, this.#header.baseTimestamp) >= timestamp) return offset;
    }
    return undefined;
  }

  /** The highest timestamp of the records, or 0. */
  maxTimestamp(): number {
    if (this.count === this.#header.count) return this.#header.maxTimestamp;
    const reader = this.#reader();
    this.#skipToFirst(reader);
    let max = 0;
    for (let offset = this.first; offset < this.next; offset++) {
      max = Math.max(max, skipToTimestamp(reader, this.#header.baseTimestamp));
    }
    return max;
  }

  /** Who wrote the batch, with the sequence of its first record. */
  producer(): { id: string; epoch: number; sequence: number } | undefined {
    if (!(this.#header.attributes & attribute.producer)) return undefined;
    const reader = new ByteReader(this.#bytes, this.#view, this.#at, this.#end());
    const producer = decodeProducer(reader);
    return { ...producer, sequence: producer.sequence + this.first - this.#header.baseOffset };
  }

  #reader(): ByteReader {
    const reader = new ByteReader(this.#bytes, this.#view, this.#at, this.#end());
    if (this.#header.attributes & attribute.producer) decodeProducer(reader);
    return reader;
  }

  #skipToFirst(reader: ByteReader): void {
    for (let offset = this.#header.baseOffset; offset < this.first; offset++) skipRecord(reader);
  }

  #end(): number {
    return this.#at + this.#header.length;
  }

  #expectEnd(reader: ByteReader): void {
    const whole = this.next === this.#header.baseOffset + this.#header.count;
    if (whole && reader.end - reader.at >= batchHeader.alignment) {
      throw malformed("more bytes than its records take");
    }
  }
}
