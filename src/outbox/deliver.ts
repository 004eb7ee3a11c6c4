/** What an outbox hands to whoever delivers. */
import type { Signal } from "../storage.ts";
import type { OutboxRecord } from "./journal.ts";
import type { Answer } from "./verdict.ts";

/** Some records, in their order, that travel together. There is at least one. */
export interface Delivery {
  /** Of the outbox. It never changes. */
  readonly outbox: string;
  /** Counts how often the outbox was opened. */
  readonly incarnation: number;
  readonly records: readonly OutboxRecord[];
}

export interface DeliveryContext {
  /** Aborted when the time is over, and when the outbox is closed. */
  readonly signal: Signal;
  /** 1 for the first time that one of these records is delivered since the outbox was opened, and so on. */
  readonly attempt: number;
}

/**
 * Hands records to the other side, and answers what became of them. Whatever it throws is a retry, and
 * so is not answering in time: a record may be delivered more than once, always under the same `id`.
 */
export interface Deliver {
  (delivery: Delivery, context: DeliveryContext): Answer | Promise<Answer>;
  /**
   * Whether the other side tells repeats from new records by lane and sequence, as
   * `walkabout/receiver` does. Then a delivery holds successive sequences of one lane, and lanes
   * keep to them. Otherwise a delivery may hold any records, and every key has a lane of its own.
   */
  readonly inSequence?: boolean;
}
