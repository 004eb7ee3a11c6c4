/**
 * The lowest layer of the stranger's decoder: numbers, sized fields and text read from bytes, and the
 * checksum. It is written from FORMAT.md and shares no line with the library, so that the two can be
 * compared. Whatever does not fit is thrown as a `Misfit`.
 */

/** Why bytes cannot be what they should be: `format` for what a later version may mean, else `damage`. */
export class Misfit extends Error {
  readonly sort: "damage" | "format";
  constructor(sort: "damage" | "format", message: string) {
    super(message);
    this.sort = sort;
  }
}

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function textOf(bytes: Uint8Array): string {
  try {
    return text.decode(bytes);
  } catch {
    throw new Misfit("damage", "text that is not UTF-8");
  }
}

/** Reads fields one after the other and never past the end of the bytes it was given. */
export class Cursor {
  readonly bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new Misfit("damage", `${length} bytes wanted, ${this.left} left`);
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }

  private integer(size: number): number {
    return this.take(size).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  u8 = (): number => this.integer(1);
  u16 = (): number => this.integer(2);
  u32 = (): number => this.integer(4);

  u64(): number {
    const low = this.u32();
    const high = this.u32();
    if (high >= 2 ** 21) throw new Misfit("damage", "a u64 above 2^53 - 1");
    return high * 2 ** 32 + low;
  }

  varint(): number {
    let number = 0;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      number += (byte % 128) * 128 ** i;
      if (byte >= 128) continue;
      if (!Number.isSafeInteger(number)) break;
      return number;
    }
    throw new Misfit("damage", "a varint above 2^53 - 1");
  }

  sized = (): Uint8Array => this.take(this.varint());
  text = (): string => textOf(this.sized());
}

const [P1, P2, P3, P4, P5] = [2654435761, 2246822519, 3266489917, 668265263, 374761393];

const turn = (number: number, by: number): number => (number << by) | (number >>> (32 - by));

/** xxHash32 with seed 0, as its specification tells it: lanes, then words, then bytes, then the mixing. */
export function xxHash32(input: Uint8Array): number {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let at = 0;
  let sum = P5;
  if (input.length >= 16) {
    const lanes = [P1 + P2, P2, 0, -P1];
    for (; at + 16 <= input.length; at += 16) {
      for (let i = 0; i < 4; i++) {
        const word = Math.imul(view.getUint32(at + 4 * i, true), P2);
        lanes[i] = Math.imul(turn((lanes[i] + word) | 0, 13), P1);
      }
    }
    sum = turn(lanes[0], 1) + turn(lanes[1], 7) + turn(lanes[2], 12) + turn(lanes[3], 18);
  }
  sum = (sum + input.length) | 0;
  for (; at + 4 <= input.length; at += 4) {
    sum = Math.imul(turn((sum + Math.imul(view.getUint32(at, true), P3)) | 0, 17), P4);
  }
  for (; at < input.length; at++) sum = Math.imul(turn((sum + Math.imul(input[at], P5)) | 0, 11), P1);
  sum = Math.imul(sum ^ (sum >>> 15), P2);
  sum = Math.imul(sum ^ (sum >>> 13), P3);
  return (sum ^ (sum >>> 16)) >>> 0;
}
