/**
 * The proof: looks at every record of the server's log and counts what must never be. It is computed from the log
 * alone, from its first record on, each time the server starts.
 */
import { readOrder } from "../orders/order.ts";

export interface Tally {
  /** Orders that are there once, behind all that were promised before them. */
  readonly exact: number;
  readonly twice: number;
  readonly disordered: number;
  /** Acknowledged by a tab before a later order, and not there when that one was. */
  readonly missing: number;
  /** Records that are no orders: somebody else sent them. */
  readonly strangers: number;
  readonly customers: number;
}

/** The orders of one tab for one customer. */
interface Line {
  last: number;
  /** Numbers below `last` that did not come: pushes that were rejected, or orders that the server refused. */
  readonly skipped: Set<number>;
}

interface Taken {
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array;
}

const linesMax = 50_000;
const skippedMax = 1000;

export class Proof {
  readonly #lines = new Map<string, Line>();
  readonly #isWhole: boolean;
  #exact = 0;
  #twice = 0;
  #disordered = 0;
  #missing = 0;
  #strangers = 0;

  /** `isWhole`: whether the log still holds its first record. Otherwise a line may begin anywhere. */
  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  get tally(): Tally {
    return {
      exact: this.#exact,
      twice: this.#twice,
      disordered: this.#disordered,
      missing: this.#missing,
      strangers: this.#strangers,
      customers: this.#lines.size,
    };
  }

  /** Takes the next record of the log. */
  add({ key, value }: Taken): void {
    const order = readOrder(value);
    if (order === undefined || key === undefined || key.length > 255) {
      this.#strangers++;
      return;
    }
    const { number, after } = order;
    const name = `${order.tab} ${new TextDecoder().decode(key)}`;
    const line = this.#lines.get(name);
    if (line === undefined) {
      if (this.#isWhole && this.#lines.size < linesMax && after > 0) this.#missing++;
      else this.#exact++;
      this.#begin(name, number);
      return;
    }
    if (number <= line.last) {
      if (line.skipped.delete(number)) this.#disordered++;
      else this.#twice++;
      return;
    }
    if (after > line.last) this.#missing++;
    else this.#exact++;
    for (let each = line.last + 1; each < number && line.skipped.size < skippedMax; each++)
      line.skipped.add(each);
    line.last = number;
  }

  #begin(name: string, number: number): void {
    const skipped = new Set<number>();
    for (let each = 1; each < number && this.#isWhole && skipped.size < skippedMax; each++) skipped.add(each);
    this.#lines.set(name, { last: number, skipped });
    if (this.#lines.size <= linesMax) return;
    for (const oldest of this.#lines.keys()) {
      this.#lines.delete(oldest);
      break;
    }
  }
}
