/**
 * What a log must know of its producers: the whole history of sequences, from which every question is
 * answered by going through it again. The real table is small and clever; this one is neither.
 */
interface Written {
  readonly id: string;
  readonly epoch: number;
  readonly sequence: number;
}

export type Outcome = "new" | "fenced" | "unknown" | number;

/** The real log remembers this many unbroken runs of each producer. */
const runsMax = 8;

export class ProducerReference {
  first = 0;
  /** By offset. */
  #history: Written[] = [];

  get next(): number {
    return this.#history.length;
  }

  add(written: Written): void {
    this.#history.push(written);
  }

  end(next: number): void {
    this.#history.length = next;
  }

  /**
   * What becomes of a record: it is new, it was written at an offset, its offset is not known any more,
   * or its producer has been replaced.
   */
  ask({ id, epoch, sequence }: Written): Outcome[] {
    const latest = this.#history.findLast((each) => each.id === id);
    if (latest === undefined || epoch > latest.epoch) return ["new"];
    if (epoch < latest.epoch) return ["fenced"];
    if (sequence > latest.sequence) return ["new"];
    const offset = this.#history.findIndex(
      (each) => each.id === id && each.epoch === epoch && each.sequence === sequence,
    );
    if (offset < this.first) return ["unknown"];
    return this.#runsFrom(id, epoch, offset) < runsMax ? [offset] : [offset, "unknown"];
  }

  /** How many runs, of sequences and offsets without a gap, there are of a producer from `offset` on. */
  #runsFrom(id: string, epoch: number, offset: number): number {
    let runs = 1;
    let previous = offset;
    for (let next = offset + 1; next < this.next; next++) {
      const each = this.#history[next]!;
      if (each.id !== id || each.epoch !== epoch) continue;
      const continues = next === previous + 1 && each.sequence === this.#history[previous]!.sequence + 1;
      if (!continues) runs++;
      previous = next;
    }
    return runs;
  }
}
