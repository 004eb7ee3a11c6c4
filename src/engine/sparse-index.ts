/**
 * Some batch boundaries of one segment, about one every `stride` bytes, so that a reader can begin
 * near an offset. It grows while the segment is written, scanned or read, in order.
 */
import type { Boundary } from "./walker.ts";

const stride = 256 * 1024;

export class SparseIndex {
  readonly #boundaries: Boundary[];

  /** `start` is the boundary behind the segment's start batch. */
  constructor(start: Boundary) {
    this.#boundaries = [start];
  }

  /** Takes note of a boundary, if it lies far enough behind the last one known. */
  add(position: number, offset: number, checksum: number): void {
    const last = this.#boundaries[this.#boundaries.length - 1]!;
    if (position >= last.position + stride) this.#boundaries.push({ position, offset, checksum });
  }

  /** The last known boundary at or before `offset`. */
  floor(offset: number): Boundary {
    let low = 0;
    let high = this.#boundaries.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#boundaries[middle]!.offset <= offset) low = middle;
      else high = middle;
    }
    return this.#boundaries[low]!;
  }
}
