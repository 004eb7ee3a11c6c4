/** Which single bit of a segment's start, had it flipped, would explain that the start cannot be used. */
import { readBatchHeader } from "../format/batch-header.ts";
import { checksum } from "../format/checksum.ts";
import { flippedBits, flippedHeaderBits, onlyBit } from "../format/flipped-bit.ts";
import { attribute, batchHeader, segmentHeader } from "../format/layout.ts";
import { parseSegmentName } from "../format/names.ts";
import { encodeSegmentHeader } from "../format/segment-header.ts";
import type { Files } from "./files.ts";
import { type Damage, theOnly } from "./diagnosis.ts";
import type { Identity } from "./segment.ts";

/** A start that is larger than this has many producers, and some bit is too likely to fit by chance. */
const searchBytesMax = 1024 * 1024;
/** Where in the payload of a start batch the checksum of the 32 bytes lies. */
const headerChecksumAt = 4;

export async function flippedInStart(
  files: Files,
  name: string,
  identity: Identity,
): Promise<Damage["flipped"]> {
  const at = segmentHeader.bytes;
  const bytes = new Uint8Array(at + batchHeader.bytes);
  if ((await files.read(name, bytes, 0)) < bytes.length) return undefined;
  const expected = encodeSegmentHeader(identity);
  const wrong = bytes.findIndex((byte, index) => index < at && byte !== expected[index]);
  if (wrong >= 0) {
    const bit = onlyBit(bytes[wrong]! ^ expected[wrong]!);
    const isOnly = expected.every((byte, index) => index === wrong || byte === bytes[index]);
    if (bit === undefined || !isOnly) return undefined;
    // Another version, topic or partition may differ in one bit as well; then the start says so, too.
    const said = new Uint8Array(4);
    await files.read(name, said, bytes.length + headerChecksumAt);
    const right = checksum(new DataView(expected.buffer), 0, at);
    return new DataView(said.buffer).getUint32(0, true) === right ? { position: wrong, bit } : undefined;
  }
  const head = bytes.subarray(at);
  const header = readBatchHeader(new DataView(bytes.buffer), at, at);
  if (header === undefined) {
    const { base } = parseSegmentName(name)!;
    const bits = flippedHeaderBits(
      head,
      at,
      ({ baseOffset, attributes }) => baseOffset === base && attributes === attribute.control,
    );
    return theOnly(bits, at);
  }
  if (header.length > searchBytesMax) return undefined;
  const payload = new Uint8Array(header.length);
  if ((await files.read(name, payload, bytes.length)) < payload.length) return undefined;
  const view = new DataView(payload.buffer);
  return theOnly(flippedBits(view, 0, payload.length, header.payloadChecksum), bytes.length);
}
