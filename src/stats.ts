/** What a log can tell of itself in numbers. */
import type { Core } from "./engine/core.ts";
import type { Writer } from "./engine/writer.ts";
import type { Durability } from "./storage.ts";

export interface LogStats {
  /** The name of the storage, and what a completed flush means on it. */
  readonly storage: string;
  readonly durability: Durability;
  readonly segments: number;
  /** Bytes of all segments of the log. */
  readonly bytes: number;
  /** Bytes that were appended and are not durable yet. */
  readonly pendingBytes: number;
  /** Since the log was opened. */
  readonly appends: number;
  readonly batches: number;
  readonly bytesWritten: number;
  readonly flushes: number;
  /** Writes and flushes that have failed, and vain attempts to make room behind one. */
  readonly flushFailures: number;
  readonly rotations: number;
}

export function statsOf(core: Core, writer: Writer): LogStats {
  const { storage, chain, active } = core;
  const { batches, bytes, flushFailures, rotations } = writer.counters;
  const { appends, pendingBytes } = writer.intake;
  // The first segment's start is read when the log is opened and whenever the first one changes.
  const before = chain.at(0)!.segment?.start.bytesBefore ?? active.segment.start.bytesBefore;
  return {
    storage: storage.name,
    durability: storage.durability,
    segments: chain.length,
    bytes: active.segment.start.bytesBefore + active.end - before,
    pendingBytes,
    appends,
    batches,
    bytesWritten: bytes,
    flushes: writer.flushes,
    flushFailures,
    rotations,
  };
}
