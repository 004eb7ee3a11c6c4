/**
 * Finds every readable record in the files of a log, however damaged they are, and without
 * trusting anything but checksums. A later epoch wins, as everywhere.
 */
import { endOf, readBatchHeader } from "../format/batch-header.ts";
import type { ProducerState } from "../format/control.ts";
import { attribute, batchHeader, segmentHeader } from "../format/layout.ts";
import { parseSegmentName } from "../format/names.ts";
import { WalError } from "../errors.ts";
import type { Files } from "./files.ts";
import { type Identity, readSegment, type Segment } from "./segment.ts";
import { controlOf } from "./state.ts";
import { findHeaders } from "./tail.ts";
import { type Boundary, type WalkedBatch, Walker } from "./walker.ts";

/** An unbroken sequence of valid batches in one segment. */
export interface Run {
  readonly name: string;
  readonly epoch: number;
  readonly from: Boundary;
  readonly end: number;
  /** The records of it that are part of the log. */
  readonly first: number;
  readonly next: number;
}

/** Something that is wrong with the files. */
export interface Problem {
  readonly segment: string;
  readonly position: number;
  readonly reason: string;
}

export interface Evidences {
  /** In the order of their offsets, without overlap. */
  readonly runs: readonly Run[];
  /** Records before this were truncated away, on purpose. */
  readonly first: number;
  /** What the latest readable start knows of producers. */
  readonly producers: readonly ProducerState[];
  readonly problems: readonly Problem[];
}

/** What one file holds. */
interface Found {
  readonly epoch: number;
  /**
   * The epoch of the segment that this one continues, 0 for none. Those with an epoch in between
   * were no longer, or never, part of the log when it was created.
   */
  readonly continues: number;
  readonly first: number;
  readonly runs: readonly Run[];
  readonly producers: readonly ProducerState[] | undefined;
}

const chunkBytes = 1024 * 1024;

export async function gather(files: Files, identity: Identity): Promise<Evidences> {
  const problems: Problem[] = [];
  const segments: (Found & { base: number })[] = [];
  let first = 0;
  for (const name of await files.list()) {
    const parsed = parseSegmentName(name);
    if (parsed === undefined) continue;
    const found = await gatherSegment(files, identity, name, problems);
    if (found === undefined) continue;
    segments.push({ ...found, base: parsed.base });
  }
  let runs: Run[] = [];
  let producers: readonly ProducerState[] = [];
  for (const segment of segments.toSorted((a, b) => a.epoch - b.epoch)) {
    if (segments.some(({ epoch, continues }) => segment.epoch > continues && segment.epoch < epoch)) continue;
    producers = segment.producers ?? producers;
    // A start repeats what was valid before it. What it does not repeat was rejected.
    first = segment.producers === undefined ? Math.max(first, segment.first) : segment.first;
    const kept = runs.filter((run) => run.first < segment.base);
    runs = [...kept.map((run) => ({ ...run, next: Math.min(run.next, segment.base) })), ...segment.runs];
  }
  const live = runs
    .filter((run) => run.next > first)
    .map((run) => ({ ...run, first: Math.max(run.first, first) }))
    .toSorted((a, b) => a.first - b.first);
  return { runs: live, first, producers, problems };
}

async function gatherSegment(
  files: Files,
  identity: Identity,
  name: string,
  problems: Problem[],
): Promise<Found | undefined> {
  const problem = (position: number, reason: string): void =>
    void problems.push({ segment: name, position, reason });
  let segment: Segment | string;
  let fileEnd: number;
  try {
    fileEnd = await files.size(name);
    segment = await readSegment(files, name, identity);
  } catch (error) {
    if (!(error instanceof WalError)) throw error;
    problem(0, error.message);
    return undefined;
  }
  const start = typeof segment === "string" ? undefined : segment;
  if (typeof segment === "string") problem(0, segment);
  const epoch = start?.epoch ?? (await latestEpoch(files, name, fileEnd));
  if (epoch === undefined) return undefined;
  let first = start?.start.state.first ?? 0;
  let boundary = start?.begin ?? (await nextBatch(files, name, epoch, segmentHeader.bytes, fileEnd));
  const runs: Run[] = [];
  while (boundary !== undefined) {
    const walker = new Walker(files, { name, epoch, from: boundary, chunkBytes, keepsChunks: false });
    let reason = "the bytes from here on are damaged";
    for (;;) {
      const batch = await walker.next(fileEnd).catch((error: unknown) => error as WalError);
      if (batch instanceof WalError) reason = batch.message;
      if (batch instanceof Error || typeof batch === "string") break;
      first = Math.max(first, firstOf(batch));
    }
    const { position, offset } = walker.boundary;
    if (offset > boundary.offset) {
      runs.push({ name, epoch, from: boundary, end: position, first: boundary.offset, next: offset });
    }
    boundary = await nextBatch(files, name, epoch, position + batchHeader.alignment, fileEnd);
    if (boundary !== undefined) problem(position, reason);
  }
  if (start === undefined) return { epoch, continues: epoch, first, runs, producers: undefined };
  const { link, state, carriedNext } = start.start;
  if ((runs.at(-1)?.next ?? start.base) < carriedNext) {
    const from = { position: 0, offset: start.base };
    const { watermark } = await findHeaders(files, name, from, fileEnd, (header) => header.epoch === epoch);
    if (watermark === 0) {
      problem(0, "it was never finished being created");
      return undefined;
    }
  }
  return { epoch, continues: link?.epoch ?? 0, first, runs, producers: state.producers };
}

function firstOf(batch: WalkedBatch): number {
  if (!(batch.header.attributes & attribute.control)) return 0;
  const control = controlOf(batch);
  if (control.kind === "first") return control.first;
  return control.kind === "close" || control.kind === "start" ? control.state.first : 0;
}

/** A segment's own batches are the latest of its file; others are stale bytes of a recycled one. */
async function latestEpoch(files: Files, name: string, fileEnd: number): Promise<number | undefined> {
  let latest: number | undefined;
  for await (const { epoch } of headersOf(files, name, segmentHeader.bytes, fileEnd)) {
    latest = Math.max(latest ?? 0, epoch);
  }
  return latest;
}

async function nextBatch(
  files: Files,
  name: string,
  epoch: number,
  from: number,
  fileEnd: number,
): Promise<Boundary | undefined> {
  for await (const header of headersOf(files, name, from, fileEnd)) {
    if (header.epoch !== epoch) continue;
    const { position, baseOffset: offset, previousChecksum: checksum } = header;
    const boundary = { position, offset, checksum };
    const walker = new Walker(files, { name, epoch, from: boundary, chunkBytes, keepsChunks: true });
    const batch = await walker.next(fileEnd).catch(() => "damaged" as const);
    if (typeof batch !== "string") return boundary;
  }
  return undefined;
}

async function* headersOf(
  files: Files,
  name: string,
  from: number,
  fileEnd: number,
): AsyncGenerator<NonNullable<ReturnType<typeof readBatchHeader>>> {
  const bytes = new Uint8Array(chunkBytes);
  const view = new DataView(bytes.buffer);
  for (let chunk = from; chunk + batchHeader.bytes <= fileEnd; chunk += chunkBytes - batchHeader.bytes) {
    let count: number;
    try {
      count = await files.read(name, bytes, chunk);
    } catch {
      return;
    }
    for (let at = 0; at + batchHeader.bytes <= count; at += batchHeader.alignment) {
      if (view.getUint32(at + batchHeader.at.position, true) !== chunk + at) continue;
      const header = readBatchHeader(view, at, chunk + at);
      if (header !== undefined && endOf(header) <= fileEnd) yield header;
    }
  }
}
