/** Where a storage answers at once, keeps long work from holding up everybody else on the event loop. */
import type { Storage } from "../storage.ts";

const busyMsMax = 8;

export class Pace {
  readonly #storage: Storage;
  #rested: number;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#rested = storage.elapsed();
  }

  get isDue(): boolean {
    return this.#storage.elapsed() - this.#rested > busyMsMax;
  }

  async rest(): Promise<void> {
    await this.#storage.sleep(0);
    this.restart();
  }

  /** The work has waited for something else. */
  restart(): void {
    this.#rested = this.#storage.elapsed();
  }
}
