/** The segment that is written to, and the notes that the engine leaves in it for itself. */
import { encodeControlBatch } from "../format/control-batch.ts";
import type { Control, Unknown } from "../format/control.ts";
import type { StoredFile } from "../storage.ts";
import type { Segment } from "./segment.ts";

/** The segment that is written to. */
export interface Active {
  readonly segment: Segment;
  readonly file: StoredFile;
  /** Behind what was written, and behind what was flushed, with the checksums of the last batches. */
  end: number;
  checksum: number;
  flushedEnd: number;
  flushedChecksum: number;
  /** Length of the file, stale bytes included. */
  fileSize: number;
  /** It is never touched again: a write, a flush or a removal beside it failed. */
  finished: boolean;
  /** A close batch lies behind its end, which must be cut off before anything is written. */
  closed: boolean;
}

/**
 * A control batch at `position`, behind a batch with `previousChecksum`. Seal and witness are written
 * without a flush: they help to notice damage, and the log is as safe without them.
 */
export function noteOf(
  control: Exclude<Control, Unknown>,
  active: Active,
  position: number,
  previousChecksum: number,
  baseOffset: number,
  timestamp: number,
): { bytes: Uint8Array; checksum: number } {
  const { epoch } = active.segment;
  const watermark = active.flushedEnd;
  return encodeControlBatch(control, { position, epoch, baseOffset, timestamp, previousChecksum, watermark });
}
