/** A thousand orders a second, as long as the log keeps up and not too many wait for the server. */
import { counted } from "./dom.ts";
import type { Wish } from "./orders.ts";

const perSecond = 1000;
const intervalMs = 100;
/** So many at once on their way to the log are enough. */
const underWayMax = 2000;
/** A demo is not to fill anybody's disk: when so many wait for the server, no more are placed until half of them have left. */
const waitingMax = 30_000;

/** What it has to know of the log. */
export interface Burden {
  readonly underWay: number;
  /** `undefined` while the log is not open: nothing is placed then. */
  readonly waiting: number | undefined;
}

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
  readonly #burden: () => Burden;
  readonly #happened: (what: string) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #count = 0;
  #isHeld = false;

  constructor(place: (wish: Wish) => Promise<void>, burden: () => Burden, happened: (what: string) => void) {
    this.#place = place;
    this.#burden = burden;
    this.#happened = happened;
  }

  turn(on: boolean): void {
    clearInterval(this.#timer);
    this.#isHeld = false;
    if (on) this.#timer = setInterval(() => this.#tick(), intervalMs);
  }

  #tick(): void {
    const { waiting } = this.#burden();
    if (waiting === undefined) return;
    const wasHeld = this.#isHeld;
    this.#isHeld = waiting >= (wasHeld ? waitingMax / 2 : waitingMax);
    if (!this.#isHeld) this.burst((perSecond * intervalMs) / 1000);
    else if (!wasHeld) {
      this.#happened(`${counted(waiting)} orders wait: no more are placed until half of them have left.`);
    }
  }

  /** Places some at once, without waiting. Answers what became of each. */
  burst(count: number): Promise<void>[] {
    if (this.#burden().underWay > underWayMax) return [];
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
