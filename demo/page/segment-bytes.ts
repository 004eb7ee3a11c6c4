/**
 * One segment as its bytes tell it: where each batch lies, what it is, and what the rest of the file is. The parsing is
 * that of the library; see FORMAT.md for the layout. It knows neither files nor screens.
 */
import { type BatchHeader, endOf, readBatchHeader } from "../../src/format/batch-header.ts";
import { ByteReader } from "../../src/format/bytes.ts";
import { checksum } from "../../src/format/checksum.ts";
import { type Control, decodeControl, type Start } from "../../src/format/control.ts";
import { align, attribute, batchHeader, segmentHeader } from "../../src/format/layout.ts";
import { parseSegmentName } from "../../src/format/names.ts";
import { RecordBatch } from "../../src/format/record-batch.ts";
import { readVersion } from "../../src/format/segment-header.ts";

/** `rest`: bytes of an earlier use of the file, or of a write that is not finished. */
export type ItemKind = "header" | "control" | "records" | "cursor" | "superseded" | "rest" | "zeros";

/** A stretch of bytes. */
export interface Item {
  readonly from: number;
  readonly to: number;
  readonly kind: ItemKind;
  /** Of a batch. */
  readonly header?: BatchHeader;
  readonly control?: Control | undefined;
  /** Orders in it: how many there are, and how many of them are delivered. */
  readonly orders: number;
  settled: number;
}

/** Half-open. */
export type Range = readonly [first: number, next: number];

/** What an outbox notes when orders are delivered, as far as it is looked at. */
export const cursorKind = 1;

export class SegmentBytes {
  readonly name: string;
  readonly base: number;
  /** The length of the file, as far as it is known. */
  length = 0;
  items: Item[] = [];
  /** Where the valid bytes end. */
  end = 0;
  /** Everything before is known to have been flushed. */
  flushed = 0;
  epoch: number | undefined;
  start: Start | undefined;
  /** Where the next segment says that this one ends. */
  linkEnd: number | undefined;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #offset = 0;
  #isDirty = true;
  #checksum: number | undefined;
  #valid: Item[] = [];
  /** Offsets that cursors found since the last look have settled. */
  #settled: Range[] = [];

  constructor(name: string) {
    this.name = name;
    this.base = parseSegmentName(name)?.base ?? 0;
  }

  bytes(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(from, Math.min(to, this.length));
  }

  /** Takes bytes that were read at `position`. */
  put(position: number, chunk: Uint8Array): void {
    const end = position + chunk.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2, 4096));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#bytes.set(chunk, position);
    this.length = Math.max(this.length, end);
    this.#isDirty = true;
    // What was taken for valid may have been written over.
    if (position < this.end) this.#restart();
  }

  /** Looks at what is new. */
  parse(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    if (this.end === 0 && !this.#parseHeader()) {
      this.items = [rest(0, this.length)];
      return;
    }
    while (this.#parseBatch());
    this.items = [...this.#valid, ...this.#parseRest()];
  }

  /** What cursors have settled since the last call. */
  takeSettled(): readonly Range[] {
    const settled = this.#settled;
    this.#settled = [];
    return settled;
  }

  #restart(): void {
    this.end = 0;
    this.#valid = [];
    this.#checksum = undefined;
    this.start = undefined;
    this.epoch = undefined;
  }

  #parseHeader(): boolean {
    if (this.length < segmentHeader.bytes || readVersion(this.#view) !== segmentHeader.version) return false;
    this.#valid = [{ from: 0, to: segmentHeader.bytes, kind: "header", orders: 0, settled: 0 }];
    this.end = segmentHeader.bytes;
    this.#offset = this.base;
    return true;
  }

  /** Takes the next batch, if it is there and continues the one before it. */
  #parseBatch(): boolean {
    const header = this.#headerAt(this.end);
    if (header === undefined || endOf(header) > this.length) return false;
    const continues =
      header.baseOffset === this.#offset &&
      (this.epoch === undefined || header.epoch === this.epoch) &&
      (this.#checksum === undefined || header.previousChecksum === this.#checksum);
    const item = continues ? this.#itemOf(header) : undefined;
    if (item === undefined) return false;
    if (item.control?.kind === "start") this.start = item.control;
    this.epoch = header.epoch;
    this.#offset = header.baseOffset + header.count;
    this.#checksum = header.checksum;
    this.#valid.push(item);
    this.end = item.to;
    return true;
  }

  /** Batches of this segment behind its valid bytes, and what lies between them. */
  #parseRest(): Item[] {
    const items: Item[] = [];
    let from = this.end;
    const fill = (to: number): void => {
      if (to <= from) return;
      const isZero = this.bytes(from, to).every((byte) => byte === 0);
      items.push(isZero ? { ...rest(from, to), kind: "zeros" } : rest(from, to));
    };
    for (let at = align(this.end); at + batchHeader.bytes <= this.length; at += batchHeader.alignment) {
      if (this.#view.getUint32(at + batchHeader.at.position, true) !== at) continue;
      const header = this.#headerAt(at);
      if (header === undefined || header.epoch !== this.epoch) continue;
      const end = Math.min(endOf(header), this.length);
      const item = (end === endOf(header) && this.#itemOf(header)) || { ...rest(at, end), header };
      fill(at);
      items.push(item);
      from = item.to;
      at = align(item.to) - batchHeader.alignment;
    }
    fill(this.length);
    return items;
  }

  #headerAt(position: number): BatchHeader | undefined {
    if (position + batchHeader.bytes > this.length) return undefined;
    return readBatchHeader(this.#view, position, position);
  }

  #itemOf(header: BatchHeader): Item | undefined {
    const from = header.position;
    const to = endOf(header);
    const at = from + batchHeader.bytes;
    if (checksum(this.#view, at, to) !== header.payloadChecksum) return undefined;
    if (header.attributes & attribute.control) {
      const control = decodeControl(new ByteReader(this.#bytes, this.#view, at, to));
      return { from, to, kind: "control", header, control, orders: 0, settled: 0 };
    }
    const isReplaced = this.linkEnd !== undefined && from >= this.linkEnd;
    let orders = 0;
    for (const { kind, value } of new RecordBatch(header, this.#bytes, this.#view, at, true)) {
      if (kind !== cursorKind) orders++;
      else if (!isReplaced) this.#settled.push(...settledBy(value));
    }
    const kind = isReplaced ? "superseded" : orders > 0 ? "records" : "cursor";
    return { from, to, kind, header, orders, settled: 0 };
  }
}

function rest(from: number, to: number): Item {
  return { from, to, kind: "rest", orders: 0, settled: 0 };
}

function settledBy(value: Uint8Array): readonly Range[] {
  try {
    const { settled } = JSON.parse(new TextDecoder().decode(value)) as { settled?: unknown };
    return Array.isArray(settled) ? (settled as Range[]) : [];
  } catch {
    return [];
  }
}
