/**
 * Scans the last segment of a log: where its valid bytes end, how far something vouches for them,
 * and whether the log was closed. It collects evidence and judges nothing.
 */
import { type BatchHeader, readBatchHeader } from "../format/batch-header.ts";
import type { LogState, Seal } from "../format/control.ts";
import { closeSizeBytes } from "../format/control-batch.ts";
import { align, attribute, batchHeader } from "../format/layout.ts";
import { Queue } from "../queue.ts";
import type { Files } from "./files.ts";
import { highestWatermark, isZeroBetween } from "./headers.ts";
import type { Segment } from "./segment.ts";
import { controlOf, telling, TrackedState } from "./state.ts";
import type { Evidence } from "./verdict.ts";
import { type Boundary, Walker } from "./walker.ts";

export interface Tail {
  readonly segment: Segment;
  readonly fileEnd: number;
  /** Where the valid batches end. If the log was closed, where the close batch begins. */
  readonly end: Boundary;
  /** Whether a close batch ends the file. */
  readonly closed: boolean;
  readonly rest: Evidence["rest"];
  /** The last boundary, up to `end`, that something vouches for. */
  readonly vouched: Boundary;
  /** How far something vouches, be the bytes valid or not. */
  readonly vouchedEnd: number;
  readonly seal: Seal | undefined;
  readonly state: LogState;
  /** Where the last batch of a producer ends, or 0. */
  readonly producersEnd: number;
}

export async function scanTail(files: Files, segment: Segment, producersMax: number): Promise<Tail> {
  const fileEnd = await files.size(segment.name);
  return (
    (await findClose(files, segment, fileEnd)) ?? (await walkTail(files, segment, fileEnd, producersMax))
  );
}

/** A close batch says its own size in the last bytes of the file. */
async function findClose(files: Files, segment: Segment, fileEnd: number): Promise<Tail | undefined> {
  const trailer = new Uint8Array(closeSizeBytes);
  if (align(fileEnd) !== fileEnd) return undefined;
  await files.read(segment.name, trailer, fileEnd - closeSizeBytes);
  const size = new DataView(trailer.buffer).getUint32(0, true);
  const position = fileEnd - size;
  if (align(size) !== size || size < batchHeader.bytes || position < segment.begin.position) return undefined;
  const head = new Uint8Array(batchHeader.bytes);
  await files.read(segment.name, head, position);
  const header = readBatchHeader(new DataView(head.buffer), 0, position);
  if (header === undefined) return undefined;
  const from = { position, offset: header.baseOffset, checksum: header.previousChecksum };
  const { name, epoch } = segment;
  const batch = await new Walker(files, { name, epoch, from }).next(fileEnd);
  if (typeof batch === "string" || !(batch.header.attributes & attribute.control) || batch.header.count > 0) {
    return undefined;
  }
  const control = controlOf(batch);
  if (control.kind !== "close") return undefined;
  return {
    segment,
    fileEnd,
    end: from,
    closed: true,
    rest: "nothing",
    vouched: from,
    vouchedEnd: position,
    seal: undefined,
    state: control.state,
    producersEnd: 0,
  };
}

/**
 * The records that a watermark vouches for are believed by their headers, as those of older segments are; damage to them
 * is found when they are read. All of the segment is looked at where a header behind them is sound and its payload is
 * not, and where the log will be refused, so that the first damage is told.
 */
async function walkTail(
  files: Files,
  segment: Segment,
  fileEnd: number,
  producersMax: number,
): Promise<Tail> {
  const tail = await walk(files, segment, fileEnd, producersMax, Infinity);
  const isSound =
    tail.vouchedEnd <= tail.end.position && (await isWhole(files, segment, tail.vouched, tail.end));
  return isSound ? tail : walk(files, segment, fileEnd, producersMax, 0);
}

/** Records before the offset `believed` are not looked at. */
async function walk(
  files: Files,
  segment: Segment,
  fileEnd: number,
  producersMax: number,
  believed: number,
): Promise<Tail> {
  const { name, epoch, begin: from } = segment;
  const walker = new Walker(files, { name, epoch, from });
  const state = new TrackedState(segment.start.state, producersMax);
  let seal: Seal | undefined;
  let producersEnd = 0;
  let watermark = 0;
  let vouched = from;
  /** The boundaries that no watermark has reached yet. */
  const unreached = new Queue<Boundary>();
  for (;;) {
    const batch = await walker.next(fileEnd, believed, telling);
    if (typeof batch === "string") break;
    const control = state.add(batch);
    if (control?.kind === "seal") seal = control;
    const { boundary } = walker;
    if (batch.header.attributes & attribute.producer) producersEnd = boundary.position;
    watermark = Math.max(watermark, batch.header.watermark);
    unreached.add(boundary);
    while ((unreached.first?.position ?? Infinity) <= watermark) {
      vouched = unreached.take();
      segment.index.add(vouched.position, vouched.offset, vouched.checksum);
    }
  }
  const end = walker.boundary;
  // Unflushed writes reach the disk in any order, but a watermark behind the valid bytes is a witness.
  const behind = { from: end.position, fileEnd };
  const isOurs = (header: BatchHeader): boolean => header.epoch === epoch && header.baseOffset >= end.offset;
  const later = await highestWatermark(files, name, behind, isOurs);
  const isAll = end.position === fileEnd;
  const isZero = !isAll && (await isZeroBetween(files, name, end.position, fileEnd));
  return {
    segment,
    fileEnd,
    end,
    closed: false,
    rest: isAll ? "nothing" : isZero ? "zeros" : "damaged",
    vouched,
    vouchedEnd: Math.max(watermark, later),
    seal,
    state: state.snapshot(),
    producersEnd,
  };
}

/** Whether everything between two batch boundaries is valid, records and all. */
async function isWhole(files: Files, segment: Segment, from: Boundary, end: Boundary): Promise<boolean> {
  const { name, epoch } = segment;
  const walker = new Walker(files, { name, epoch, from });
  while (walker.boundary.position < end.position) {
    if (typeof (await walker.next(end.position)) === "string") return false;
  }
  return true;
}

export function evidenceOf(tail: Tail): Evidence {
  return {
    present: true,
    readable: true,
    validEnd: tail.end.position,
    rest: tail.rest,
    fileEnd: tail.fileEnd,
    vouchedEnd: tail.vouchedEnd,
    linkedEnd: undefined,
  };
}

/** Whether the creation of a segment was finished: all that it carries is there. */
export function isBorn(tail: Tail): boolean {
  return tail.vouchedEnd > 0 || tail.closed || tail.end.offset >= tail.segment.start.carriedNext;
}
