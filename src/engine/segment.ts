/**
 * One segment, known by its start: the 32 bytes and the start batch, read and verified.
 */
import { WalError } from "../errors.ts";
import { endOf } from "../format/batch-header.ts";
import { ByteReader } from "../format/bytes.ts";
import { checksum } from "../format/checksum.ts";
import { decodeControl, type Start } from "../format/control.ts";
import { attribute, batchHeader, segmentHeader } from "../format/layout.ts";
import { parseSegmentName } from "../format/names.ts";
import { encodeSegmentHeader, mayBeUnfinished, readVersion } from "../format/segment-header.ts";
import { isPromise } from "./eventually.ts";
import type { Files } from "./files.ts";
import { SparseIndex } from "./sparse-index.ts";
import { type Boundary, Walker } from "./walker.ts";

/** Which log a segment must belong to. */
export interface Identity {
  readonly topic: string;
  readonly partition: number;
  /** Names the log in messages. */
  readonly label: string;
}

export interface Segment {
  readonly name: string;
  readonly base: number;
  readonly epoch: number;
  readonly start: Start;
  /** Behind the start batch. */
  readonly begin: Boundary;
  /** Boundaries of batches that are known, to begin reading at. */
  readonly index: SparseIndex;
}

/**
 * A segment as it is kept for as long as it is part of the log. Its producers are left out: of a log
 * with many producers and segments they would fill the memory, and are read again when they matter.
 */
export function withoutProducers(segment: Segment): Segment {
  const { start } = segment;
  return { ...segment, start: { ...start, state: { ...start.state, producers: [] } } };
}

/** The largest start batch is that of a log with very many producers. */
const startChunkBytes = 4096;

/**
 * Reads the start of a segment. Answers a sentence about what is wrong when there is none: the
 * segment was never finished being created, or its start is damaged. Throws `FORMAT` for a
 * segment of another version, and `READ_FAILED`.
 */
export async function readSegment(files: Files, name: string, identity: Identity): Promise<Segment | string> {
  const parsed = parseSegmentName(name)!;
  const head = new Uint8Array(segmentHeader.bytes + batchHeader.bytes);
  const read = files.read(name, head, 0);
  const count = isPromise(read) ? await read : read;
  if (count < head.length) return `it is only ${count} bytes long`;
  const view = new DataView(head.buffer);
  const version = readVersion(view);
  if (version === undefined) return "it does not begin with SQWL";
  if (version !== segmentHeader.version) throw unknownVersion(name, version, identity);
  const at = segmentHeader.bytes;
  const epoch = view.getUint32(at + batchHeader.at.epoch, true);
  const previous = view.getUint32(at + batchHeader.at.previousChecksum, true);
  const from: Boundary = { position: at, offset: parsed.base, checksum: previous };
  const walker = new Walker(files, { name, epoch, from, chunkBytes: startChunkBytes });
  const batch = await walker.next(await files.size(name));
  if (typeof batch === "string") return "its start batch is damaged";
  if (!(batch.header.attributes & attribute.control)) return "its first batch is not a start batch";
  const start = decodeControl(
    new ByteReader(batch.bytes, batch.view, batch.at, batch.at + batch.header.length),
  );
  if (start.kind !== "start") return "its first batch is not a start batch";
  if (start.headerChecksum !== checksum(view, 0, segmentHeader.bytes)) return "its 32-byte header is damaged";
  if (parsed.epoch !== undefined && parsed.epoch !== epoch) return `its epoch is ${epoch}`;
  assertIdentity(name, head, start, identity);
  const begin = { position: endOf(batch.header), offset: parsed.base, checksum: batch.header.checksum };
  return { name, base: parsed.base, epoch, start, begin, index: new SparseIndex(begin) };
}

/** Whether a file without a sound start begins as an interrupted creation may leave it. */
export async function beginsAsSegment(files: Files, name: string): Promise<boolean> {
  const bytes = new Uint8Array(segmentHeader.at.version);
  return mayBeUnfinished(bytes.subarray(0, await files.read(name, bytes, 0)));
}

/** A sound segment of another log must have been copied here by somebody. */
function assertIdentity(name: string, head: Uint8Array, start: Start, identity: Identity): void {
  const expected = encodeSegmentHeader(identity);
  const same = expected.every((byte, index) => byte === head[index]) && start.topic === identity.topic;
  if (same) return;
  const partition = new DataView(head.buffer).getUint32(segmentHeader.at.partition, true);
  throw new WalError(
    "CORRUPT",
    `cannot read segment ${name} of log ${identity.label}: it belongs to topic ${start.topic}, partition ${partition}`,
    { log: identity.label, segment: name },
  );
}

function unknownVersion(name: string, version: number, identity: Identity): WalError {
  return new WalError(
    "FORMAT",
    `cannot read segment ${name} of log ${identity.label}: its format version is ${version}, ` +
      `and this release knows version ${segmentHeader.version}`,
    { log: identity.label, segment: name },
  );
}

/** Like `readSegment`, where the segment is known to have been born: no start is damage. */
export async function readBornSegment(files: Files, name: string, identity: Identity): Promise<Segment> {
  const segment = await readSegment(files, name, identity);
  if (typeof segment !== "string") return segment;
  throw new WalError("CORRUPT", `cannot read segment ${name} of log ${identity.label}: ${segment}`, {
    log: identity.label,
    segment: name,
    position: 0,
    first: parseSegmentName(name)!.base,
  });
}
