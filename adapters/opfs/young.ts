/**
 * The young files of a pool: those that a loss of power may still take. It takes them in the order of their
 * numbers, the youngest first.
 */
import type { PoolFile } from "./file.ts";

export class Young {
  readonly #settleMs: number;
  readonly #files = new Set<PoolFile>();

  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  get count(): number {
    return this.#files.size;
  }

  /** Counts a file as young, unless it is known to have settled. */
  add(file: PoolFile): void {
    if (this.#settleMs === 0) file.settled = true;
    if (!file.settled) this.#files.add(file);
  }

  /** Takes note of the files that have settled by now, and answers whether there were any. */
  ripen(): boolean {
    const { size } = this.#files;
    for (const file of this.#files) {
      if (performance.now() - file.since < this.#settleMs) continue;
      file.settled = true;
      this.#files.delete(file);
    }
    return this.#files.size < size;
  }

  /** The number of the youngest one that stands for a file, other than `except`; 0 if there is none. */
  lastInUse(except?: PoolFile): number {
    let last = 0;
    for (const file of this.#files) {
      if (file !== except && file.use.kind === "named") last = Math.max(last, file.number);
    }
    return last;
  }

  /** Whether a loss of power may still take the file with this number. */
  has(number: number): boolean {
    for (const file of this.#files) if (file.number <= number) return true;
    return false;
  }

  /** The number of the young file on which the use of `file` depends: itself, or what its removal waits for. */
  dependency({ use, settled, number }: PoolFile): number {
    if (use.kind === "named") return settled ? 0 : number;
    return use.kind === "removed" && this.has(use.unless) ? use.unless : 0;
  }
}
