/**
 * The 32 bytes at the start of every segment. They say what this file is; the start batch behind
 * them says the rest and holds a checksum over them.
 */
import { segmentHeader as layout } from "./layout.ts";
import { encodeText } from "./text.ts";

export interface SegmentHeader {
  readonly topic: string;
  readonly partition: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(layout.bytes);
  const view = new DataView(bytes.buffer);
  const topic = encodeText(header.topic);
  view.setUint32(layout.at.magic, layout.magic, true);
  view.setUint16(layout.at.version, layout.version, true);
  view.setUint16(layout.at.topicLength, topic.length, true);
  bytes.set(topic.subarray(0, layout.topicBytes), layout.at.topic);
  view.setUint32(layout.at.partition, header.partition, true);
  return bytes;
}

/** What the first 8 bytes say: not a segment, or the format version of the segment. */
export function readVersion(view: DataView): number | undefined {
  if (view.byteLength < layout.bytes) return undefined;
  if (view.getUint32(layout.at.magic, true) !== layout.magic) return undefined;
  return view.getUint16(layout.at.version, true);
}

/**
 * Whether these bytes, the first of a file, may be what a segment begins with that was never finished being created:
 * each is as it was to be, or was not written yet. Anything else was put there by somebody else, or is damage.
 */
export function mayBeUnfinished(bytes: Uint8Array): boolean {
  const magic = new Uint8Array(4);
  new DataView(magic.buffer).setUint32(0, layout.magic, true);
  return magic.every((byte, at) => at >= bytes.length || bytes[at] === 0 || bytes[at] === byte);
}
