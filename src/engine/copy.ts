/**
 * Writes salvaged runs of batches into a new log, segment by segment, under the offsets they had.
 * A gap becomes a control batch that takes the lost offsets, so that none is ever given away again.
 */
import { ByteWriter } from "../format/bytes.ts";
import { encodeControlBatch } from "../format/control-batch.ts";
import { attribute, startReason } from "../format/layout.ts";
import type { RecordBatch } from "../format/record-batch.ts";
import { type CarriedBatch, type Placement, replaced } from "./birth.ts";
import type { Core } from "./core.ts";
import type { Run } from "./evidence.ts";
import type { Files } from "./files.ts";
import { Group } from "./group.ts";
import { encodedSizeMax } from "../format/record.ts";
import { recordsOf, TrackedState } from "./state.ts";
import { type WalkedBatch, Walker } from "./walker.ts";

/** Offsets `[first, next)`. */
export interface OffsetRange {
  readonly first: number;
  readonly next: number;
}

/** A batch to keep, or the offset at which a gap ends. */
type Piece = { readonly batch: WalkedBatch; readonly records: RecordBatch } | number;

export class Copy {
  readonly kept: OffsetRange[] = [];
  readonly lost: OffsetRange[] = [];
  readonly #core: Core;
  readonly #files: Files;
  readonly #runs: readonly Run[];
  /** Where the copy ends. */
  readonly #end: number;
  readonly #state: TrackedState;
  #next: number;

  /** `core` is a log without any segment, and `files` holds the runs. */
  constructor(core: Core, files: Files, runs: readonly Run[], end: number) {
    this.#core = core;
    this.#files = files;
    this.#runs = runs;
    this.#end = end;
    this.#next = core.durable;
    this.#state = new TrackedState(core.state.snapshot(), core.settings.producersMax);
  }

  async write(): Promise<void> {
    const core = this.#core;
    const pieces = this.#pieces();
    let piece = await pieces.next();
    do {
      let isEmpty = true;
      const carry = async (placement: Placement): Promise<CarriedBatch | undefined> => {
        const isFull = !isEmpty && placement.position > core.settings.segmentBytesMax;
        if (piece.done || isFull) return undefined;
        isEmpty = false;
        const { value } = piece;
        const carried =
          typeof value === "number" ? this.#gap(value, placement) : this.#keep(value, placement);
        piece = await pieces.next();
        return carried;
      };
      const state = this.#state.snapshot();
      const base = core.durable;
      const begin = { reason: startReason.first, base, link: undefined, ordinal: 1, bytesBefore: 0, state };
      const continuation = core.chain.length === 0 ? begin : core.continuation(state);
      await core.advance(continuation, { carry, next: continuation.base });
      core.durable = this.#next;
      core.state.maxTimestamp = this.#state.maxTimestamp;
      core.state.producers.reset(this.#state.producers.states());
    } while (!piece.done);
  }

  async *#pieces(): AsyncGenerator<Piece, undefined> {
    for (const run of this.#runs) {
      const { name, epoch, from } = run;
      const walker = new Walker(this.#files, { name, epoch, from, keepsChunks: true });
      while (walker.boundary.offset < run.next) {
        const batch = await walker.next(run.end);
        if (typeof batch === "string") break;
        const { baseOffset, count, attributes } = batch.header;
        const next = Math.min(baseOffset + count, run.next);
        if (next <= Math.max(this.#next, run.first)) continue;
        // A gap of an earlier salvage stays one.
        if (attributes & attribute.control) {
          yield next;
          continue;
        }
        const records = recordsOf(batch).trim(Math.max(this.#next, run.first), run.next);
        if (records.first > this.#next) yield records.first;
        yield { batch, records };
      }
    }
    if (this.#end > this.#next) yield this.#end;
    return undefined;
  }

  #keep(
    { batch, records }: { batch: WalkedBatch; records: RecordBatch },
    placement: Placement,
  ): CarriedBatch {
    this.#state.addRecords(records);
    extend(this.kept, records.first, records.next);
    this.#next = records.next;
    return records.count === batch.header.count ? replaced(batch, placement) : encoded(records, placement);
  }

  #gap(next: number, placement: Placement): CarriedBatch {
    const baseOffset = this.#next;
    const timestamp = this.#core.storage.now();
    extend(this.lost, baseOffset, next);
    this.#next = next;
    const place = { ...placement, baseOffset, timestamp, watermark: 0 };
    return encodeControlBatch({ kind: "lost", count: next - baseOffset }, place);
  }
}

/** Part of a batch, as a batch of its own. */
function encoded(records: RecordBatch, placement: Placement): CarriedBatch {
  const producer = records.producer();
  const group = new Group(new ByteWriter(1024));
  let isFirst = true;
  for (const record of records) {
    const sizeMax = encodedSizeMax(record);
    if (isFirst) group.prepare(sizeMax, record.offset, record.timestamp, producer, Infinity);
    else group.reserve(sizeMax);
    group.encode(record, record.timestamp);
    isFirst = false;
  }
  return group.place({ ...placement, watermark: 0 });
}

function extend(ranges: OffsetRange[], first: number, next: number): void {
  const last = ranges.at(-1);
  if (last?.next === first) ranges[ranges.length - 1] = { first: last.first, next };
  else ranges.push({ first, next });
}
