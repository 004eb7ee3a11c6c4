/** The orders of this tab: numbers them for each customer, pushes them, and counts what was promised. */
import type { Pushed } from "../../src/outbox/index.ts";
import { limits, type Order } from "../orders/order.ts";

export interface Wish {
  readonly customer: string;
  readonly item: string;
  readonly quantity: number;
}

export type Push = (record: { readonly key: string; readonly value: string }) => Promise<Pushed>;

interface Line {
  placed: number;
  /** The highest number that was acknowledged. */
  promised: number;
}

export class Orders {
  readonly #push: Push;
  readonly #lines = new Map<string, Line>();
  #tab = newTab();
  acknowledged: number;
  /** On their way to the log. */
  underWay = 0;
  /** What the last acknowledgement was worth. */
  strength: Pushed["durability"] | undefined;

  /** `acknowledged` were acknowledged before this page was opened. */
  constructor(push: Push, acknowledged = 0) {
    this.#push = push;
    this.acknowledged = acknowledged;
  }

  /** From now on the orders go to another log than those before: the order among the two is nobody's promise. */
  beginAnew(): void {
    this.#tab = newTab();
    this.#lines.clear();
  }

  /** Resolves when the order is durable. */
  async place(wish: Wish): Promise<void> {
    // The server will refuse it, so no later order may count on it: it is alone in its line.
    const isHopeless = wish.quantity > limits.quantity;
    const line = isHopeless ? { placed: 0, promised: 0 } : this.#lineOf(wish.customer);
    const number = ++line.placed;
    const order: Order = {
      item: wish.item,
      quantity: wish.quantity,
      tab: isHopeless ? newTab() : this.#tab,
      number,
      after: line.promised,
    };
    this.underWay++;
    try {
      const { durability } = await this.#push({ key: wish.customer, value: JSON.stringify(order) });
      line.promised = Math.max(line.promised, number);
      this.acknowledged++;
      this.strength = durability;
    } finally {
      this.underWay--;
    }
  }

  #lineOf(customer: string): Line {
    let line = this.#lines.get(customer);
    if (line === undefined) this.#lines.set(customer, (line = { placed: 0, promised: 0 }));
    return line;
  }
}

function newTab(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
}
