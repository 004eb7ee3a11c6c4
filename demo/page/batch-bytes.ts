/** One batch, out of the bytes of its segment: its records, and whether its payload is as it was written. */
import { endOf } from "../../src/format/batch-header.ts";
import { checksum } from "../../src/format/checksum.ts";
import { batchHeader } from "../../src/format/layout.ts";
import { RecordBatch } from "../../src/format/record-batch.ts";
import type { LogRecord } from "../../src/index.ts";
import type { Item, SegmentBytes } from "./segment-bytes.ts";

/** None if they cannot be read. */
export function recordsOf(segment: SegmentBytes, item: Item): LogRecord[] {
  const { header, control } = item;
  if (header === undefined || control !== undefined) return [];
  const { bytes, view } = viewed(segment, item);
  try {
    return [...new RecordBatch(header, bytes, view, batchHeader.bytes, true)];
  } catch {
    return [];
  }
}

export function isSound(segment: SegmentBytes, item: Item): boolean {
  const { header, to } = item;
  if (header === undefined || to !== endOf(header)) return false;
  const { bytes, view } = viewed(segment, item);
  return checksum(view, batchHeader.bytes, bytes.length) === header.payloadChecksum;
}

function viewed(segment: SegmentBytes, { from, to }: Item): { bytes: Uint8Array; view: DataView } {
  const bytes = segment.bytes(from, to);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
