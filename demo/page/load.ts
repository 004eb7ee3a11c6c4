/** A thousand orders a second, as long as the log keeps up. */
import type { Wish } from "./orders.ts";

const perSecond = 1000;
const intervalMs = 100;
/** So many at once on their way to the log are enough. */
const underWayMax = 2000;

const customers = [
  "ada",
  "grace",
  "edsger",
  "barbara",
  "alan",
  "radia",
  "leslie",
  "tony",
  "frances",
  "donald",
];
const items = ["tea", "ink", "rope", "lamp oil", "paper", "salt", "candles", "a compass", "boots", "a map"];

export class Load {
  readonly #place: (wish: Wish) => Promise<void>;
  readonly #underWay: () => number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #count = 0;

  constructor(place: (wish: Wish) => Promise<void>, underWay: () => number) {
    this.#place = place;
    this.#underWay = underWay;
  }

  turn(on: boolean): void {
    clearInterval(this.#timer);
    if (on) this.#timer = setInterval(() => this.burst((perSecond * intervalMs) / 1000), intervalMs);
  }

  /** Places some at once, without waiting. Answers what became of each. */
  burst(count: number): Promise<void>[] {
    if (this.#underWay() > underWayMax) return [];
    const placed = Array.from({ length: count }, () => this.#place(this.#wish()));
    // Whoever cares looks by themselves; the others see the state of the log.
    for (const each of placed) each.catch(() => undefined);
    return placed;
  }

  #wish(): Wish {
    const count = this.#count++;
    return {
      customer: customers[count % customers.length]!,
      item: items[(count * 7 + 3) % items.length]!,
      quantity: 1 + (count % 12),
    };
  }
}
