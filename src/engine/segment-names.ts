/** A set of names of segment files that knows how many of them there are of each base offset. */
import { parseSegmentName } from "../format/names.ts";

export class SegmentNames {
  readonly #names = new Set<string>();
  readonly #bases = new Map<number, number>();

  constructor(names: Iterable<string>) {
    for (const name of names) this.add(name);
  }

  get size(): number {
    return this.#names.size;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  hasBase(base: number): boolean {
    return this.#bases.has(base);
  }

  add(name: string): void {
    this.#names.add(name);
    const { base } = parseSegmentName(name)!;
    this.#bases.set(base, (this.#bases.get(base) ?? 0) + 1);
  }

  delete(name: string): void {
    if (!this.#names.delete(name)) return;
    const { base } = parseSegmentName(name)!;
    const count = this.#bases.get(base)! - 1;
    if (count === 0) this.#bases.delete(base);
    else this.#bases.set(base, count);
  }
}
