/**
 * A growing buffer to write numbers and bytes into, and a bounded cursor to read them from. They
 * know how a number looks in bytes, and nothing of what the numbers mean.
 */
import { WalError } from "../errors.ts";
import { encodeTextInto } from "./text.ts";

const highUnit = 2 ** 32;

export function getU64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * highUnit + view.getUint32(at, true);
}

export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, (value / highUnit) >>> 0, true);
}

/** Appends to a buffer that doubles when it is full. `length` may be set back to undo. */
export class ByteWriter {
  bytes: Uint8Array;
  view: DataView;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` more bytes. The other methods expect that there is room. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }

  u8(value: number): void {
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.view.setUint16(this.length, value, true);
    this.length += 2;
  }

  u32(value: number): void {
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  u64(value: number): void {
    setU64(this.view, this.length, value);
    this.length += 8;
  }

  /** Unsigned LEB128, at most 8 bytes for a safe integer. */
  varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.bytes[this.length++] = (rest & 127) | 128;
      rest = rest < highUnit / 2 ? rest >>> 7 : Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  raw(source: Uint8Array): void {
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  /** A varint length and the bytes. Text is written as UTF-8; it needs room for 3 bytes a unit. */
  sized(source: Uint8Array | string): void {
    if (typeof source !== "string") {
      this.varint(source.length);
      this.raw(source);
      return;
    }
    const before = this.length;
    this.varint(source.length);
    const written = encodeTextInto(source, this.bytes.subarray(this.length));
    if (written === source.length) {
      this.length += written;
      return;
    }
    // Not plain ASCII: now the length is known, write both again.
    this.length = before;
    this.varint(written);
    this.length += encodeTextInto(source, this.bytes.subarray(this.length));
  }

  zeros(count: number): void {
    this.bytes.fill(0, this.length, this.length + count);
    this.length += count;
  }
}

/** Reads forward through `[at, end)` of a buffer. Reading past the end throws `CORRUPT`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, view: DataView, at: number, end: number) {
    this.bytes = bytes;
    this.view = view;
    this.at = at;
    this.end = end;
  }

  u8(): number {
    return this.view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.#take(4), true);
  }

  u64(): number {
    const value = getU64(this.view, this.#take(8));
    if (!Number.isSafeInteger(value)) throw malformed("a number above the largest safe integer");
    return value;
  }

  varint(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 127) * unit;
      if (byte < 128) break;
      unit *= 128;
      if (unit > 2 ** 49) throw malformed("a varint of more than 8 bytes");
    }
    if (!Number.isSafeInteger(value)) throw malformed("a number above the largest safe integer");
    return value;
  }

  /** A view of the next `count` bytes. */
  raw(count: number): Uint8Array {
    const start = this.#take(count);
    return this.bytes.subarray(start, start + count);
  }

  sized(): Uint8Array {
    return this.raw(this.varint());
  }

  skip(count: number): void {
    this.#take(count);
  }

  #take(count: number): number {
    const start = this.at;
    if (count > this.end - start) throw malformed("a field that runs past its payload");
    this.at = start + count;
    return start;
  }
}

/** The bytes passed their checksum and still make no sense: a faulty writer made them. */
export function malformed(what: string): WalError {
  return new WalError("CORRUPT", `cannot decode a payload whose checksum is right: it holds ${what}`);
}
