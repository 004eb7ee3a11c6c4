/**
 * The 64 bytes in front of every batch. Their own checksum covers everything that is needed to
 * trust the length, so a reader never follows a damaged length.
 */
import { getU64, setU64 } from "./bytes.ts";
import { checksum } from "./checksum.ts";
import { align, batchHeader as layout, limit } from "./layout.ts";

export interface BatchHeader {
  /** The checksum of this header, which the next batch repeats as its `previousChecksum`. */
  readonly checksum: number;
  /** Bytes of payload behind the header, padding included. */
  readonly length: number;
  /** Where this header begins in its segment. */
  readonly position: number;
  readonly epoch: number;
  readonly baseOffset: number;
  readonly count: number;
  readonly attributes: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly payloadChecksum: number;
  readonly previousChecksum: number;
  /** The segment was flushed up to this position when the batch was written. */
  readonly watermark: number;
}

const { at: field, bytes: headerBytes } = layout;

/** Writes the header at `at` and answers its checksum. */
export function writeBatchHeader(view: DataView, at: number, header: Omit<BatchHeader, "checksum">): number {
  view.setUint32(at + field.length, header.length, true);
  view.setUint32(at + field.position, header.position, true);
  view.setUint32(at + field.epoch, header.epoch, true);
  setU64(view, at + field.baseOffset, header.baseOffset);
  view.setUint32(at + field.count, header.count, true);
  view.setUint16(at + field.attributes, header.attributes, true);
  view.setUint16(at + field.reserved, 0, true);
  setU64(view, at + field.baseTimestamp, header.baseTimestamp);
  setU64(view, at + field.maxTimestamp, header.maxTimestamp);
  view.setUint32(at + field.payloadChecksum, header.payloadChecksum, true);
  view.setUint32(at + field.previousChecksum, header.previousChecksum, true);
  view.setUint32(at + field.watermark, header.watermark, true);
  view.setUint32(at + field.reserved2, 0, true);
  const sum = checksum(view, at + field.length, at + headerBytes);
  view.setUint32(at + field.checksum, sum, true);
  return sum;
}

/**
 * Reads the header at `at` of `view`, which stands at `position` in its segment. Answers
 * `undefined` when those bytes are not a header that was written there.
 */
export function readBatchHeader(view: DataView, at: number, position: number): BatchHeader | undefined {
  if (view.getUint32(at + field.position, true) !== position) return undefined;
  const sum = view.getUint32(at + field.checksum, true);
  if (checksum(view, at + field.length, at + headerBytes) !== sum) return undefined;
  const header: BatchHeader = {
    checksum: sum,
    length: view.getUint32(at + field.length, true),
    position,
    epoch: view.getUint32(at + field.epoch, true),
    baseOffset: getU64(view, at + field.baseOffset),
    count: view.getUint32(at + field.count, true),
    attributes: view.getUint16(at + field.attributes, true),
    baseTimestamp: getU64(view, at + field.baseTimestamp),
    maxTimestamp: getU64(view, at + field.maxTimestamp),
    payloadChecksum: view.getUint32(at + field.payloadChecksum, true),
    previousChecksum: view.getUint32(at + field.previousChecksum, true),
    watermark: view.getUint32(at + field.watermark, true),
  };
  const sane =
    header.length <= limit.batchBytes &&
    align(header.length) === header.length &&
    header.baseOffset + header.count <= limit.offset &&
    header.maxTimestamp <= limit.offset &&
    header.baseTimestamp <= header.maxTimestamp &&
    header.watermark <= position &&
    view.getUint16(at + field.reserved, true) === 0 &&
    view.getUint32(at + field.reserved2, true) === 0;
  return sane ? header : undefined;
}

/** The position behind a batch: where the next one begins. */
export function endOf(header: BatchHeader): number {
  return header.position + headerBytes + header.length;
}
