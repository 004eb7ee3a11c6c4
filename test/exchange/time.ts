/** Time that passes only when nothing is left to do, from one event to the next. */
export class Time {
  now = 1_700_000_000_000;
  #events: { at: number; order: number; run: () => void }[] = [];
  #count = 0;

  /** Calls `run` later, in the order of the times. Answers what calls it off. */
  after(ms: number, run: () => void): () => void {
    const event = { at: this.now + ms, order: this.#count++, run };
    this.#events.push(event);
    return () => {
      const index = this.#events.indexOf(event);
      if (index >= 0) this.#events.splice(index, 1);
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Runs events until `done`, or until there are none, or more than `eventsMax`. Answers whether it is done. */
  async run(done: () => boolean, eventsMax: number): Promise<boolean> {
    for (let count = 0; count < eventsMax; count++) {
      // Everything that waits for no event happens before the next one.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      if (done()) return true;
      const next = this.#next();
      if (next === undefined) return false;
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    return false;
  }

  #next() {
    let index = 0;
    for (const [each, event] of this.#events.entries()) {
      const first = this.#events[index]!;
      if (event.at < first.at || (event.at === first.at && event.order < first.order)) index = each;
    }
    return this.#events.splice(index, 1)[0];
  }
}
