/** Who waits for something to change. Each is told once. */

/** Called without an error when something may have changed, or with the error of looking. */
export type Wake = (error?: unknown) => void;

export class Watchers {
  #wakes = new Set<Wake>();

  get isEmpty(): boolean {
    return this.#wakes.size === 0;
  }

  /** The answer takes it back. */
  add(wake: Wake): () => void {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  }

  wake(error?: unknown): void {
    if (this.#wakes.size === 0) return;
    const wakes = this.#wakes;
    this.#wakes = new Set();
    for (const wake of wakes) wake(error);
  }
}
