/** What is wrong with a place where a batch should begin, and whether one flipped bit would explain it. */
import { type BatchHeader, endOf, readBatchHeader } from "../format/batch-header.ts";
import { flippedBits, flippedHeaderBits } from "../format/flipped-bit.ts";
import { batchHeader } from "../format/layout.ts";
import type { Files } from "./files.ts";
import type { Segment } from "./segment.ts";
import type { Boundary } from "./walker.ts";

/** A place where something else lies than what the log needs there. */
export interface Damage {
  /** Where in the segment the batch begins that is not as it was written. */
  readonly position: number;
  /** The records that cannot be read because of it. Without `next`, nobody knows how many. */
  readonly first: number;
  readonly next: number | undefined;
  readonly reason: string;
  /** The one bit that would explain it, had it flipped: a byte of the segment, and a bit of it (0 is the lowest). */
  readonly flipped: { readonly position: number; readonly bit: number } | undefined;
}

interface Diagnosis {
  readonly reason: string;
  /** The offset behind the batch, where its header can be read. */
  readonly next?: number;
  readonly flipped?: Damage["flipped"];
}

/** In more bytes than this, some bit is too likely to fit by chance. */
const searchBytesMax = 16 * 1024 * 1024;

/** What is wrong with the batch that should begin here. */
export async function diagnose(
  files: Files,
  segment: Segment,
  at: Boundary,
  { fileEnd, limit }: { readonly fileEnd: number; readonly limit: number },
): Promise<Diagnosis> {
  const { position, offset, checksum } = at;
  const head = new Uint8Array(batchHeader.bytes);
  const count = await files.read(segment.name, head, position);
  if (count === 0) return { reason: "the file ends here" };
  if (head.every((byte) => byte === 0)) return { reason: "there are zeros in place of a batch" };
  if (count < head.length) return { reason: "the header of the batch is cut off by the end of the file" };
  const continues = (header: BatchHeader): boolean =>
    header.epoch === segment.epoch && header.baseOffset === offset && header.previousChecksum === checksum;
  const header = readBatchHeader(new DataView(head.buffer), 0, position);
  if (header === undefined) {
    const bits = flippedHeaderBits(head, position, continues);
    return { reason: "the header of the batch is damaged", flipped: theOnly(bits, position) };
  }
  if (header.epoch !== segment.epoch) {
    return { reason: `there is an old batch of epoch ${header.epoch}, from an earlier use of the file` };
  }
  if (!continues(header)) return { reason: "the batch does not continue the one before it" };
  const next = header.baseOffset + header.count;
  if (endOf(header) > fileEnd) {
    return { reason: "the batch is cut off by the end of the file", next };
  }
  if (endOf(header) > limit) return { reason: "the batch goes on behind the end of the segment", next };
  const reason = "the payload of the batch does not match its checksum";
  if (header.length > searchBytesMax) return { reason, next };
  const payload = new Uint8Array(header.length);
  await files.read(segment.name, payload, position + batchHeader.bytes);
  const bits = flippedBits(new DataView(payload.buffer), 0, payload.length, header.payloadChecksum);
  return { reason, next, flipped: theOnly(bits, position + batchHeader.bytes) };
}

/** With two that fit, at least one fits by chance. */
export function theOnly(bits: readonly number[], from: number): Damage["flipped"] {
  const [bit] = bits;
  return bits.length === 1 ? { position: from + (bit! >>> 3), bit: bit! & 7 } : undefined;
}
