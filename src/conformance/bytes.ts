/** Bytes for checks: different at every position, so that none can stand in for another. */

/** `count` bytes that depend on `seed` and on their position. */
export function pattern(count: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let state = (seed + 1) * 0x9e3779b1;
  for (let index = 0; index < count; index++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x3d4d51cb + index;
    bytes[index] = (state >>> 13) & 255;
  }
  return bytes;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A name as the engine gives to segments. */
export function segmentName(number: number, epoch?: number): string {
  const base = `${number}`.padStart(20, "0");
  return epoch === undefined ? `${base}.wal` : `${base}_${`${epoch}`.padStart(10, "0")}.wal`;
}

/** Numbers that look random and are the same for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  /** One of `values`. */
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}
