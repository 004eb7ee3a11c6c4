/** The reading verbs, which a log and a reader without the lock have in common. */
import { offsetAt, type ReadRange, readBatches, throwIfAborted, type View } from "./engine/reader.ts";
import { WalError } from "./errors.ts";
import { limit } from "./format/layout.ts";
import type { RecordBatch } from "./format/record-batch.ts";
import { checkInteger, checkSignal } from "./options.ts";
import type { LogRecord } from "./record.ts";
import type { Signal } from "./storage.ts";

/** The records `[from, to)`. */
export interface ReadOptions {
  /** The default is the first offset of the log. */
  readonly from?: number | undefined;
  /** The default is all there is, or with `follow`, all there will be. */
  readonly to?: number | undefined;
  /** Whether to wait for more at the end of the log. */
  readonly follow?: boolean | undefined;
  /** Ends the reading, which then throws the signal's reason. */
  readonly signal?: Signal | undefined;
}

export function batchesOf(view: View, options: ReadOptions): AsyncGenerator<RecordBatch, void, void> {
  return readBatches(view, checkRange(view, options));
}

export async function* recordsOf(view: View, options: ReadOptions): AsyncGenerator<LogRecord, void, void> {
  for await (const batch of readBatches(view, checkRange(view, options))) {
    for (const record of batch) {
      throwIfAborted(options.signal);
      yield record;
    }
  }
}

export async function offsetAtTimestamp(view: View, timestamp: number): Promise<number> {
  checkInteger("timestamp", timestamp, 0, limit.offset);
  return offsetAt(view, timestamp);
}

function checkRange(view: View, options: ReadOptions): ReadRange {
  const { from = view.first, to = Infinity, follow = false, signal } = options;
  checkSignal(signal);
  checkInteger("from", from, 0, limit.offset);
  if (to !== Infinity) checkInteger("to", to, 0, limit.offset);
  if (view.closed) throw new WalError("CLOSED", `cannot read log ${view.identity.label}: it was closed`);
  const last = follow ? Math.max(view.next, view.visible) : view.visible;
  if (from > last) {
    throw new RangeError(
      `from must be at most ${last}, the next offset of log ${view.identity.label}, not ${from}`,
    );
  }
  return { from, to, follow, signal };
}
