/** What an append resolves to, and the waiters that make it. */
import type { Settlement, Waiter } from "./engine/group.ts";
import type { Durability } from "./storage.ts";

export interface Ack {
  readonly offset: number;
  readonly timestamp: number;
  /**
   * What the record survives by now: `disk` a loss of power, `os` the death of this process,
   * `memory` nothing.
   */
  readonly durability: Durability;
  /** The name of the segment, and where in it the record's batch begins. */
  readonly segment: string;
  readonly position: number;
  /** How many bytes the record takes, its share of a new batch header included. */
  readonly bytes: number;
  /** How long the write and the flush took; 0 when it was acknowledged before the flush. */
  readonly flushMs: number;
  /** Whether the record had been written before, by the same producer with the same sequence. */
  readonly duplicate: boolean;
}

/** Waits for one record. Made before its offset is known. */
export class AckWaiter implements Waiter {
  readonly #resolve: (ack: Ack) => void;
  readonly reject: (error: unknown) => void;
  readonly #timestamp: number;
  offset = 0;
  bytes = 0;
  /** Where the record's batch begins in its group. */
  at = 0;

  constructor(resolve: (ack: Ack) => void, reject: (error: unknown) => void, timestamp: number) {
    this.#resolve = resolve;
    this.reject = reject;
    this.#timestamp = timestamp;
  }

  resolve(settlement: Settlement): void {
    this.#resolve({
      offset: this.offset,
      timestamp: this.#timestamp,
      durability: settlement.durability,
      segment: settlement.segment,
      position: settlement.position + this.at,
      bytes: this.bytes,
      flushMs: settlement.flushMs,
      duplicate: false,
    });
  }
}

/** Waits for the records of one atomic batch. */
export class BatchWaiter implements Waiter {
  readonly #resolve: (acks: Ack[]) => void;
  readonly reject: (error: unknown) => void;
  readonly #timestamps: (index: number) => number;
  readonly #count: number;
  offset = 0;
  bytes = 0;
  at = 0;

  constructor(
    resolve: (acks: Ack[]) => void,
    reject: (error: unknown) => void,
    timestamps: (index: number) => number,
    count: number,
  ) {
    this.#resolve = resolve;
    this.reject = reject;
    this.#timestamps = timestamps;
    this.#count = count;
  }

  resolve(settlement: Settlement): void {
    const { durability, segment, flushMs } = settlement;
    const position = settlement.position + this.at;
    const share = Math.ceil(this.bytes / this.#count);
    this.#resolve(
      Array.from({ length: this.#count }, (_, index) => ({
        offset: this.offset + index,
        timestamp: this.#timestamps(index),
        durability,
        segment,
        position,
        bytes: share,
        flushMs,
        duplicate: false,
      })),
    );
  }
}
