/**
 * The upper middle of the stranger's decoder: one segment file. It reads the header, walks the batches as
 * far as they are valid, and looks at every position behind for what vouches for more. Written from
 * FORMAT.md alone.
 */
import { type Batch, batchOf, headerAt, type Start } from "./decoder-batch.ts";
import { Cursor, Misfit, xxHash32 } from "./decoder-bytes.ts";

export interface SegmentHeader {
  magic: string;
  version: number;
  topicLength: number;
  topicBegin: Uint8Array;
  partition: number;
}

export interface Segment {
  name: string;
  file: Uint8Array;
  /** The base offset and the epoch of its name; the epoch is 0 where the name has none. */
  base: number;
  nameEpoch: number;
  header: SegmentHeader | undefined;
  /** The epoch of its start, or 0 without one. */
  epoch: number;
  start: Start | undefined;
  batches: Batch[];
  /** Where the valid bytes end, and the offset behind their last record. */
  end: number;
  next: number;
  /** How far anything in this file vouches for it. */
  vouched: number;
  /** Epochs of headers, also behind damage, that say something of this file had been flushed. */
  flushedEpochs: number[];
  /** What is wrong with bytes whose checksums are right. */
  misfit: Misfit | undefined;
}

const NAME = /^(\d{20})(?:_(\d{10}))?\.wal$/;

export function decodeSegment(name: string, file: Uint8Array): Segment | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [base, nameEpoch] = [Number(match[1]), Number(match[2] ?? 0)];
  const segment: Segment = {
    name,
    file,
    base,
    nameEpoch,
    header: undefined,
    epoch: 0,
    start: undefined,
    batches: [],
    end: 0,
    next: base,
    vouched: 0,
    flushedEpochs: [],
    misfit: undefined,
  };
  if (file.length >= 32) {
    segment.header = readHeader(file);
    try {
      if (segment.header.magic === "SQWL" && segment.header.version !== 1)
        throw new Misfit("format", `version ${segment.header.version}`);
      walk(segment);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      segment.misfit = error;
    }
  }
  look(segment);
  return segment;
}

function readHeader(file: Uint8Array): SegmentHeader {
  const cursor = new Cursor(file);
  const magic = String.fromCodePoint(...cursor.take(4));
  const [version, topicLength] = [cursor.u16(), cursor.u16()];
  return { magic, version, topicLength, topicBegin: cursor.take(20), partition: cursor.u32() };
}

function walk(segment: Segment): void {
  const { file, batches } = segment;
  for (let at = 32; ; at = segment.end) {
    const header = headerAt(file, at);
    const before = batches.at(-1);
    if (!header) return;
    if (before && (header.epoch !== segment.epoch || header.base !== segment.next)) return;
    if (before && header.previous !== before.checksum) return;
    if (!before && (header.base !== segment.base || header.watermark !== 0)) return;
    if (!before && segment.nameEpoch !== 0 && header.epoch !== segment.nameEpoch) return;
    const batch = batchOf(file, header);
    if (!batch) return;
    if (!before) {
      if (!isStartOf(segment, batch)) return;
      segment.epoch = header.epoch;
    }
    batches.push(batch);
    segment.end = batch.end;
    segment.next = header.base + header.count;
    if (batch.control?.is === "close") return;
  }
}

/** Whether the first batch is a start that belongs to this name and to the 32 bytes before it. */
function isStartOf(segment: Segment, batch: Batch): boolean {
  if (batch.control?.is !== "start") return false;
  const { header, file } = segment;
  const start = batch.control;
  const topic = new TextEncoder().encode(start.topic);
  if (xxHash32(file.subarray(0, 32)) !== start.headerChecksum) return false;
  if (batch.previous !== (start.link?.checksum ?? 0)) return false;
  const padded = new Uint8Array(20);
  padded.set(topic.subarray(0, 20));
  if (header?.magic !== "SQWL" || header.topicLength !== topic.length) return false;
  if (padded.some((byte, i) => byte !== header.topicBegin[i])) return false;
  segment.start = start;
  return true;
}

/** Looks for headers at every position where one may lie, in what is valid and behind it. */
function look(segment: Segment): void {
  for (let at = 32; at + 64 <= segment.file.length; at += 8) {
    const header = headerAt(segment.file, at);
    if (!header) continue;
    if (header.watermark > 0) segment.flushedEpochs.push(header.epoch);
    if (segment.start && header.epoch !== segment.epoch) continue;
    segment.vouched = Math.max(segment.vouched, header.watermark, closes(segment, at) ? at : 0);
  }
}

function closes(segment: Segment, at: number): boolean {
  const header = headerAt(segment.file, at);
  try {
    return header !== undefined && batchOf(segment.file, header)?.control?.is === "close";
  } catch {
    return false;
  }
}

/** Whether its creation was finished; `highest` is the highest epoch of the other segments. */
export function isFinished(segment: Segment, highest: number): boolean {
  if (segment.misfit) return true;
  if (!segment.start) return segment.flushedEpochs.some((epoch) => epoch > highest);
  return segment.next >= segment.start.carriedNext || segment.flushedEpochs.includes(segment.epoch);
}
