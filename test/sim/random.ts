/** The one source of chance in the simulator: the same seed, the same run. */
export class Random {
  #state: number;

  /** Any integer will do for a seed. Close ones give unrelated sequences. */
  constructor(seed: number) {
    this.#state = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1)) >>> 0;
    for (let turn = 0; turn < 4; turn++) this.next();
  }

  /** A number in `[0, 1)`. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }

  /** A whole number in `[low, high]`. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)]!;
  }

  /** One of the keys, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) if ((left -= weight) < 0) return key;
    return entries.at(-1)![0];
  }

  /** All of `values`, in an order that is as good as any. */
  *shuffled<T>(values: Iterable<T>): Generator<T> {
    const left = [...values];
    while (left.length > 0) {
      const index = this.integer(0, left.length - 1);
      const last = left.pop()!;
      if (index === left.length) yield last;
      else {
        yield left[index]!;
        left[index] = last;
      }
    }
  }

  /** A seed for something that is to have a sequence of its own. */
  seed(): number {
    return this.integer(0, 2 ** 31 - 1);
  }
}
