/**
 * Finds every readable record in the files of a log, however damaged they are, and without
 * trusting anything but checksums. A later epoch wins, as everywhere.
 */
import { type BatchHeader, endOf } from "../format/batch-header.ts";
import type { ProducerState } from "../format/control.ts";
import { attribute, batchHeader, segmentHeader } from "../format/layout.ts";
import { parseSegmentName } from "../format/names.ts";
import { reasonOf, WalError } from "../errors.ts";
import type { Files } from "./files.ts";
import { headersOf, type HeadersOptions, highestWatermark } from "./headers.ts";
import { nextBatch } from "./next-batch.ts";
import { type Identity, readSegment, type Segment } from "./segment.ts";
import { controlOf } from "./state.ts";
import { type Boundary, type Stop, type WalkedBatch, Walker } from "./walker.ts";

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
  /** Records before this were once flushed, be they readable or not. */
  readonly next: number;
  /** Records before this were truncated away, on purpose. */
  readonly first: number;
  /** What the latest readable start knows of producers. */
  readonly producers: readonly ProducerState[];
  readonly problems: readonly Problem[];
}

/** What one file holds. */
interface Found {
  readonly name: string;
  readonly epoch: number;
  /**
   * The epoch of the segment that this one continues, 0 for none. Those with an epoch in between
   * were no longer, or never, part of the log when it was created.
   */
  readonly continues: number;
  readonly first: number;
  readonly runs: readonly Run[];
  readonly producers: readonly ProducerState[] | undefined;
  /** How to look through the file, wherever it can be read. */
  readonly looking: HeadersOptions;
}

/** Next to bytes that cannot be read, so little is read at a time that no more is lost than has to be. */
const pieceBytes = 4096;

export async function gather(files: Files, identity: Identity): Promise<Evidences> {
  const problems: Problem[] = [];
  const segments: (Found & { base: number })[] = [];
  let first = 0;
  let last: Found | undefined;
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
    last = segment;
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
  const flushed = last === undefined ? 0 : await vouchedNext(files, last);
  return { runs: live, next: Math.max(live.at(-1)?.next ?? 0, flushed), first, producers, problems };
}

/** The offset behind the last record that a watermark says was flushed. */
async function vouchedNext(files: Files, { name, epoch, looking }: Found): Promise<number> {
  const watermark = await highestWatermark(files, name, looking, (header) => header.epoch === epoch);
  let next = 0;
  for await (const header of headersOf(files, name, looking)) {
    if (header.epoch !== epoch || header.position > watermark) continue;
    next = Math.max(next, header.baseOffset + (header.position < watermark ? header.count : 0));
  }
  return next;
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
  const noted = new Set<number>();
  const unreadable = (position: number, error: unknown): void => {
    if (!noted.has(position)) problem(position, reasonOf(error));
    noted.add(position);
  };
  const looking = { from: segmentHeader.bytes, fileEnd, unreadable };
  const epoch = start?.epoch ?? (await latestEpoch(files, name, looking));
  if (epoch === undefined) return undefined;
  const isOurs = (header: BatchHeader): boolean => header.epoch === epoch;
  let first = start?.start.state.first ?? 0;
  let boundary = start?.begin ?? (await nextBatch(files, name, looking, isOurs));
  const runs: Run[] = [];
  while (boundary !== undefined) {
    const walked = await walk(files, name, epoch, boundary, fileEnd);
    const { position, offset } = walked.end;
    first = Math.max(first, walked.first);
    if (offset > boundary.offset) {
      runs.push({ name, epoch, from: boundary, end: position, first: boundary.offset, next: offset });
    }
    boundary = await nextBatch(files, name, { ...looking, from: position + batchHeader.alignment }, isOurs);
    if (boundary !== undefined) problem(position, walked.reason);
  }
  if (start === undefined)
    return { name, epoch, continues: epoch, first, runs, producers: undefined, looking };
  const { link, state, carriedNext } = start.start;
  if ((runs.at(-1)?.next ?? start.base) < carriedNext) {
    if ((await highestWatermark(files, name, looking, isOurs)) === 0) {
      problem(0, "it was never finished being created");
      return undefined;
    }
  }
  return { name, epoch, continues: link?.epoch ?? 0, first, runs, producers: state.producers, looking };
}

/** From a boundary to where the valid bytes end, and why they end there. */
async function walk(
  files: Files,
  name: string,
  epoch: number,
  from: Boundary,
  fileEnd: number,
): Promise<{ end: Boundary; first: number; reason: string }> {
  let end = from;
  let first = 0;
  let reason = "the bytes here are damaged";
  for (const size of [undefined, pieceBytes]) {
    const walker = new Walker(files, { name, epoch, from: end, chunkBytes: size });
    let batch: WalkedBatch | Stop | WalError;
    for (;;) {
      batch = await walker.next(fileEnd).catch((error: unknown) => error as WalError);
      if (batch instanceof Error || typeof batch === "string") break;
      first = Math.max(first, firstOf(batch));
    }
    end = walker.boundary;
    if (!(batch instanceof Error)) break;
    reason = batch.message;
  }
  return { end, first, reason };
}

function firstOf(batch: WalkedBatch): number {
  if (!(batch.header.attributes & attribute.control)) return 0;
  const control = controlOf(batch);
  if (control.kind === "first") return control.first;
  return control.kind === "close" || control.kind === "start" ? control.state.first : 0;
}

/** A segment's own batches are the latest of its file; others are stale bytes of a recycled one. */
async function latestEpoch(files: Files, name: string, looking: HeadersOptions): Promise<number | undefined> {
  let latest: number | undefined;
  for await (const header of headersOf(files, name, looking)) {
    if (endOf(header) <= looking.fileEnd) latest = Math.max(latest ?? 0, header.epoch);
  }
  return latest;
}
