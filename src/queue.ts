/** First in, first out, at the same cost however long it is: an array moves all that is left with each `shift`. */
export class Queue<T> {
  #items: T[];
  /** How many of them have been taken. */
  #taken = 0;

  constructor(...items: T[]) {
    this.#items = items;
  }

  get length(): number {
    return this.#items.length - this.#taken;
  }

  get first(): T | undefined {
    return this.#items[this.#taken];
  }

  add(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first one, which is there. */
  take(): T {
    const first = this.#items[this.#taken++]!;
    // Moving the rest costs no more than taking these did.
    if (this.#taken * 2 >= this.#items.length) this.#items = this.takeAll();
    return first;
  }

  takeAll(): T[] {
    const items = this.#items.slice(this.#taken);
    this.#items = [];
    this.#taken = 0;
    return items;
  }
}
