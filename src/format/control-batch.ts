/**
 * A control record in a batch of its own, ready to be written. A close batch ends with its own
 * size, so that it can be found from the end of the file.
 */
import { type BatchHeader, writeBatchHeader } from "./batch-header.ts";
import { checksum } from "./checksum.ts";
import { type Control, encodeControl, type Unknown } from "./control.ts";
import { align, attribute, batchHeader } from "./layout.ts";

/** Where a control batch stands in the log. */
export interface ControlPlace {
  readonly position: number;
  readonly epoch: number;
  /** The offset that the next record will have. */
  readonly baseOffset: number;
  readonly timestamp: number;
  readonly previousChecksum: number;
  readonly watermark: number;
}

/** How many bytes at the end of a close batch say its size. */
export const closeSizeBytes = 4;

export function encodeControlBatch(
  control: Exclude<Control, Unknown>,
  place: ControlPlace,
): { bytes: Uint8Array; checksum: number } {
  const body = encodeControl(control);
  const length = align(body.length + (control.kind === "close" ? closeSizeBytes : 0));
  const bytes = new Uint8Array(batchHeader.bytes + length);
  const view = new DataView(bytes.buffer);
  bytes.set(body, batchHeader.bytes);
  if (control.kind === "close") view.setUint32(bytes.length - closeSizeBytes, bytes.length, true);
  const header: Omit<BatchHeader, "checksum"> = {
    length,
    position: place.position,
    epoch: place.epoch,
    baseOffset: place.baseOffset,
    count: control.kind === "lost" ? control.count : 0,
    attributes: attribute.control,
    baseTimestamp: place.timestamp,
    maxTimestamp: place.timestamp,
    payloadChecksum: checksum(view, batchHeader.bytes, bytes.length),
    previousChecksum: place.previousChecksum,
    watermark: place.watermark,
  };
  return { bytes, checksum: writeBatchHeader(view, 0, header) };
}
