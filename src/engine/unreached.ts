/** The batch boundaries of a walk that no watermark has reached yet, in their order. */
import type { Boundary } from "./walker.ts";

export class Unreached {
  #boundaries: Boundary[];
  /** How many of them have been taken. */
  #taken = 0;

  constructor(...boundaries: Boundary[]) {
    this.#boundaries = boundaries;
  }

  add(boundary: Boundary): void {
    this.#boundaries.push(boundary);
  }

  /** Takes the first one, if `watermark` reaches it. */
  take(watermark: number): Boundary | undefined {
    const first = this.#boundaries[this.#taken];
    if (first === undefined || first.position > watermark) return undefined;
    this.#taken++;
    // Moving the rest costs no more than taking these did.
    if (this.#taken * 2 >= this.#boundaries.length) {
      this.#boundaries = this.#boundaries.slice(this.#taken);
      this.#taken = 0;
    }
    return first;
  }
}
