/** Who has sent since the receiver was made: bounds how many there are, and tells zombies. In memory only. */
import { Refusal } from "./refusal.ts";

/** Of how many principals something is remembered, the latest first. */
const principalsMax = 10_000;

export class Senders {
  readonly #outboxesMax: number;
  /** The latest incarnation of each outbox, by principal. */
  readonly #incarnations = new Map<string, Map<string, number>>();

  constructor(outboxesMax: number) {
    this.#outboxesMax = outboxesMax;
  }

  /** Throws a {@link Refusal} when there are too many, or when a later incarnation was here. */
  admit(principal: string, outbox: string, incarnation: number): void {
    const known = this.#ofPrincipal(principal);
    const latest = known.get(outbox);
    if (latest === undefined && known.size >= this.#outboxesMax) {
      throw new Refusal(429, `more than ${this.#outboxesMax} outboxes have sent for this principal`);
    }
    if (latest !== undefined && incarnation < latest) {
      throw new Refusal(409, "this outbox was opened again since, and that one delivers it", {
        fenced: true,
      });
    }
    known.set(outbox, incarnation);
  }

  #ofPrincipal(principal: string): Map<string, number> {
    const known = this.#incarnations.get(principal) ?? new Map<string, number>();
    this.#incarnations.delete(principal);
    this.#incarnations.set(principal, known);
    if (this.#incarnations.size > principalsMax) {
      for (const oldest of this.#incarnations.keys()) {
        this.#incarnations.delete(oldest);
        break;
      }
    }
    return known;
  }
}
