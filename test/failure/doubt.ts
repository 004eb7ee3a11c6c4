/**
 * What a log must hold, and what it may hold besides. A verb that was rejected changed nothing in the log
 * that rejected it; but if the process dies then, before anything else has succeeded, the disk may have
 * done it all the same. The first success ends every doubt.
 */
export interface State {
  readonly first: number;
  /** By offset. Those before `first` do not count. */
  readonly values: readonly string[];
}

export class Doubt {
  #certain: State = { first: 0, values: [] };
  /** What a crash may leave instead. */
  #possible: State[] = [];

  get certain(): State {
    return this.#certain;
  }

  get next(): number {
    return this.#certain.values.length;
  }

  /** The log says that this is so now. */
  become(state: State): void {
    this.#certain = state;
    this.#possible = [];
  }

  /** The log refused to become this. */
  refuse(state: State): void {
    this.#possible.push(...steps(this.#certain, state));
  }

  /** Whether a log that was opened after a crash may be like this. */
  allows(state: State): boolean {
    return [this.#certain, ...this.#possible].some((each) => told(each) === told(state));
  }

  toString(): string {
    return [this.#certain, ...this.#possible].map(told).join("  or  ");
  }
}

/** What is there when a verb that leads from one state to another was done in part: its first records. */
function steps(from: State, to: State): State[] {
  const grows = to.values.length > from.values.length && to.first === from.first;
  if (!grows) return [to];
  const counts = Array.from({ length: to.values.length - from.values.length }, (_, index) => index + 1);
  return counts.map((count) => ({ first: to.first, values: to.values.slice(0, from.values.length + count) }));
}

export function told({ first, values }: State): string {
  return `${first}..${values.length} ${values.slice(first).join(" ")}`;
}
