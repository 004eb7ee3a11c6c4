/** The budget: who may push now, who has to wait, and whose records make room. */
import { WalError } from "../errors.ts";
import { Queue } from "../queue.ts";
import type { Courier } from "./courier.ts";
import type { Lanes } from "./lanes.ts";
import type { WhenFull } from "./options.ts";

interface Waiting {
  readonly bytes: number;
  enter(): void;
  reject(error: unknown): void;
}

export class Room {
  readonly #label: string;
  readonly #max: number;
  readonly #whenFull: WhenFull;
  readonly #lanes: Lanes;
  readonly #courier: Courier;
  /** In their order. */
  readonly #waiting = new Queue<Waiting>();
  /** Bytes that were let in and are not in a lane yet. */
  #entering = 0;
  #isClearing = false;

  constructor(label: string, max: number, whenFull: WhenFull, lanes: Lanes, courier: Courier) {
    this.#label = label;
    this.#max = max;
    this.#whenFull = whenFull;
    this.#lanes = lanes;
    this.#courier = courier;
  }

  /** Calls `push` when there is room, in the order of the calls. */
  enter<T>(bytes: number, push: () => Promise<T>): Promise<T> {
    if (bytes > this.#max) return Promise.reject(this.#refusal("TOO_LARGE", bytes));
    if (this.#waiting.length === 0 && this.#fits(bytes)) return this.#count(bytes, push);
    if (this.#whenFull === "reject") return Promise.reject(this.#refusal("FULL", bytes));
    return new Promise((resolve, reject) => {
      const enter = (): void => void this.#count(bytes, push).then(resolve, reject);
      this.#waiting.add({ bytes, enter, reject });
      this.admit();
    });
  }

  /** Room may have been made. */
  admit(): void {
    while (this.#waiting.length > 0 && this.#fits(this.#waiting.first!.bytes)) this.#waiting.take().enter();
    if (this.#waiting.length > 0 && this.#whenFull === "drop-oldest-to-dead") void this.#clear();
  }

  close(error: unknown): void {
    for (const { reject } of this.#waiting.takeAll()) reject(error);
  }

  #fits(bytes: number): boolean {
    return this.#lanes.bytes + this.#entering + bytes <= this.#max;
  }

  async #count<T>(bytes: number, push: () => Promise<T>): Promise<T> {
    this.#entering += bytes;
    try {
      return await push();
    } finally {
      this.#entering -= bytes;
      this.admit();
    }
  }

  /** Gives up the oldest record. What is on its way is not touched: then its end makes room. */
  async #clear(): Promise<void> {
    if (this.#isClearing) return;
    this.#isClearing = true;
    const oldest = this.#lanes.idle().slice(0, 1);
    const reason = `the budget of ${this.#max} bytes was used up by later records`;
    const count = await this.#courier.giveUp(oldest, { cause: "budget", reason });
    this.#isClearing = false;
    if (count > 0) this.admit();
  }

  #refusal(code: "FULL" | "TOO_LARGE", bytes: number): WalError {
    const held = this.#lanes.bytes + this.#entering;
    return new WalError(
      code,
      `cannot push ${bytes} bytes to outbox ${this.#label}: ${held} bytes are pending, and maxBytes is ${this.#max}.`,
    );
  }
}
