/**
 * Creates a segment. A segment is born when its start, with all that it carries, and its name have
 * been flushed; until then nothing in memory knows of it, and a reader takes it for nothing.
 */
import { writeBatchHeader } from "../format/batch-header.ts";
import { checksum } from "../format/checksum.ts";
import { encodeControlBatch } from "../format/control-batch.ts";
import type { Link, LogState, Start, StartReason } from "../format/control.ts";
import { batchHeader } from "../format/layout.ts";
import { encodeSegmentHeader } from "../format/segment-header.ts";
import type { Durability, StoredFile } from "../storage.ts";
import type { Files } from "./files.ts";
import type { Identity, Segment } from "./segment.ts";
import { SparseIndex } from "./sparse-index.ts";
import type { WalkedBatch } from "./walker.ts";

export interface BirthPlan {
  /** No file has it. */
  readonly name: string;
  readonly base: number;
  readonly epoch: number;
  readonly reason: StartReason;
  readonly ordinal: number;
  readonly link: Link | undefined;
  readonly bytesBefore: number;
  readonly state: LogState;
  readonly created: number;
  /** Records that the new segment begins with. */
  readonly carry: ((placement: Placement) => Promise<CarriedBatch | undefined>) | undefined;
  readonly carriedNext: number;
}

/** Where the next carried batch goes. */
export interface Placement {
  readonly position: number;
  readonly epoch: number;
  readonly previousChecksum: number;
}

export interface CarriedBatch {
  readonly bytes: Uint8Array;
  readonly checksum: number;
}

export interface Born {
  readonly segment: Segment;
  /** In use until the log lets go of it. */
  readonly file: StoredFile;
  /** Behind all that was carried. */
  readonly end: number;
  readonly checksum: number;
  readonly fileSize: number;
  /** What its flush answered. */
  readonly strength?: Durability | undefined;
}

/**
 * Throws whatever the storage throws. The file is there then, and in use: it must be removed, since
 * it may be complete on the disk all the same, and is of no further use, having failed a flush.
 */
export async function bear(files: Files, identity: Identity, plan: BirthPlan): Promise<Born> {
  return write(await files.create(plan.name), plan.name, identity, plan);
}

async function write(file: StoredFile, name: string, identity: Identity, plan: BirthPlan): Promise<Born> {
  const header = encodeSegmentHeader(identity);
  const start: Start = {
    kind: "start",
    reason: plan.reason,
    headerChecksum: checksum(new DataView(header.buffer), 0, header.length),
    created: plan.created,
    ordinal: plan.ordinal,
    link: plan.link,
    bytesBefore: plan.bytesBefore,
    carriedNext: plan.carriedNext,
    topic: identity.topic,
    state: plan.state,
  };
  const batch = encodeControlBatch(start, {
    position: header.length,
    epoch: plan.epoch,
    baseOffset: plan.base,
    timestamp: plan.created,
    previousChecksum: plan.link?.checksum ?? 0,
    watermark: 0,
  });
  const bytes = new Uint8Array(header.length + batch.bytes.length);
  bytes.set(header);
  bytes.set(batch.bytes, header.length);
  await writeWhole(file, bytes, 0);
  let end = bytes.length;
  let previousChecksum = batch.checksum;
  for (;;) {
    const carried = await plan.carry?.({ position: end, epoch: plan.epoch, previousChecksum });
    if (carried === undefined) break;
    await writeWhole(file, carried.bytes, end);
    end += carried.bytes.length;
    previousChecksum = carried.checksum;
  }
  const strength = (await file.flush()) ?? undefined;
  const begin = { position: bytes.length, offset: plan.base, checksum: batch.checksum };
  return {
    segment: { name, base: plan.base, epoch: plan.epoch, start, begin, index: new SparseIndex(begin) },
    file,
    end,
    checksum: previousChecksum,
    fileSize: Math.max(end, await file.size()),
    strength,
  };
}

/** A verified batch with a header for another place. */
export function replaced(batch: WalkedBatch, placement: Placement): CarriedBatch {
  const payload = batch.bytes.subarray(batch.at, batch.at + batch.header.length);
  const bytes = new Uint8Array(batchHeader.bytes + payload.length);
  bytes.set(payload, batchHeader.bytes);
  const header = { ...batch.header, ...placement, watermark: 0 };
  return { bytes, checksum: writeBatchHeader(new DataView(bytes.buffer), 0, header) };
}

async function writeWhole(file: StoredFile, bytes: Uint8Array, position: number): Promise<void> {
  assertWhole(await file.write(bytes, position), bytes.length);
}

export function assertWhole(written: number, expected: number): void {
  if (written !== expected) throw notWhole(written, expected);
}

/** A write that answers any other count than it was given has failed, be it less or more. */
export function notWhole(written: number, expected: number): Error {
  return new Error(`the storage answered that it wrote ${written} of ${expected} bytes`);
}
