/** What an append resolves to. */
import type { Durability } from "./storage.ts";

export interface Ack {
  readonly offset: number;
  readonly timestamp: number;
  /**
   * What the record survives by now: `disk` a loss of power, `os` the death of this process,
   * `memory` nothing.
   */
  readonly durability: Durability;
  /**
   * The name of the segment, and where in it the record's batch begins. What a relaxed log has acknowledged may be
   * written once more, to another one, when its disk is full.
   */
  readonly segment: string;
  readonly position: number;
  /** How many bytes the record takes, without the header of its batch. */
  readonly bytes: number;
  /** How long the write and the flush took; 0 when it was acknowledged before the flush. */
  readonly flushMs: number;
  /** Whether the record had been written before, by the same producer with the same sequence. */
  readonly duplicate: boolean;
}
