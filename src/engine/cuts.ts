/**
 * Where the end of a log was cut off, and when, so that a reader that was past such a place learns of
 * it although the log may have grown past it again. Only the lowest cut since a moment matters.
 */
export class Cuts {
  /** In the order of versions, and of offsets. */
  readonly #cuts: { readonly version: number; readonly next: number }[] = [];

  /** At the chain's `version`, the log ended at `next`. */
  add(version: number, next: number): void {
    while ((this.#cuts.at(-1)?.next ?? -1) >= next) this.#cuts.pop();
    this.#cuts.push({ version, next });
  }

  /** The lowest offset at which the log ended since `version`, or Infinity. */
  since(version: number): number {
    return this.#cuts.find((cut) => cut.version > version)?.next ?? Infinity;
  }
}
