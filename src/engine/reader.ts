/**
 * Reads batches by offset, across segments, verifying each on the way. It sees a log through a
 * {@link View}, which is either the writer's own or that of a reader without the lock, and it
 * never looks at bytes that the view has not let it see.
 */
import { WalError } from "../errors.ts";
import { attribute } from "../format/layout.ts";
import { RecordBatch } from "../format/record-batch.ts";
import type { Signal, Storage } from "../storage.ts";
import type { Chain } from "./chain.ts";
import type { Cuts } from "./cuts.ts";
import type { Files } from "./files.ts";
import { Pace } from "./pace.ts";
import type { Identity, Segment } from "./segment.ts";
import { controlOf, recordsOf } from "./state.ts";
import { type Boundary, Walker } from "./walker.ts";
import type { Wake } from "./watchers.ts";

export interface View {
  readonly storage: Storage;
  readonly files: Files;
  readonly identity: Identity;
  readonly chain: Chain;
  readonly cuts: Cuts;
  readonly first: number;
  /** The offset behind the last record that may be read. */
  readonly visible: number;
  /** The offset behind the last record that is on its way. */
  readonly next: number;
  /** Where, in the last segment, the bytes that may be read end, and those that were flushed. */
  readonly visibleEnd: number;
  /** The checksum of the last batch before `visibleEnd`. */
  readonly visibleChecksum: number;
  readonly provenEnd: number;
  readonly closed: boolean;
  /** Calls `wake` once when one of the above may have changed. The answer takes that back. */
  watch(wake: Wake): () => void;
  /** After a read that failed: looks whether the log is another by now. */
  recheck(): Promise<boolean>;
}

export interface ReadRange {
  readonly from: number;
  /** Infinity to go on for as long as the log does. */
  readonly to: number;
  /** Whether to wait at the end for more. */
  readonly follow: boolean;
  readonly signal: Signal | undefined;
}

/** Records that were lost, and whose offsets are skipped. */
interface Skip {
  readonly next: number;
}

/**
 * Throws `TRUNCATED` when the place of the reader is gone, `CORRUPT` on damage, and `CLOSED` when
 * the log is closed before all was read. A follower that has read all ends with the log.
 */
export async function* readBatches(view: View, range: ReadRange): AsyncGenerator<RecordBatch, void, void> {
  const { signal, follow } = range;
  const to = follow ? range.to : Math.min(range.to, view.visible);
  let offset = range.from;
  let position: Position | undefined;
  /** The version of the chain in which `offset` was known to be right. */
  let seen = view.chain.version;
  // A follower may be ahead of what is durable.
  while (follow && offset > view.visible && offset <= view.next && !view.closed) {
    throwIfAborted(signal);
    await changedOrAborted(view, signal);
    seen = view.chain.version;
  }
  const pace = new Pace(view.storage);
  while (offset < to) {
    if (pace.isDue) await pace.rest();
    throwIfAborted(signal);
    const { version } = view.chain;
    const isCut = offset > view.visible || offset > view.cuts.since(seen);
    if (offset < view.first || isCut) throw truncated(view, offset);
    seen = version;
    if (offset === view.visible) {
      // Without following, this is where the end was cut off since: what comes next is not waited for.
      if (view.closed || !follow) return;
      await changedOrAborted(view, signal);
      pace.restart();
      continue;
    }
    if (view.closed) throw closed(view);
    let batch: RecordBatch | Skip | undefined;
    try {
      if (position?.version !== version || !position.holds(offset)) position = await locate(view, offset);
      // What changed meanwhile may have moved what was looked up.
      if (version === view.chain.version) batch = await position.next(offset);
      else position = undefined;
    } catch (error) {
      // Its segment may have been removed, or recycled, in the middle of the step.
      const isSame = version === view.chain.version && offset >= view.first && !view.closed;
      if (isSame && !(await view.recheck())) throw error;
      position = undefined;
    }
    // A step that a change came in between may have read what is dead by now.
    if (batch === undefined || version !== view.chain.version) continue;
    if (!(batch instanceof RecordBatch)) {
      offset = Math.min(batch.next, to);
      continue;
    }
    const trimmed = batch.trim(offset, to);
    offset = trimmed.next;
    yield trimmed;
  }
}

/** The offset of the first record at or after `timestamp`, or that of the next record. */
export async function offsetAt(view: View, timestamp: number): Promise<number> {
  for (;;) {
    const { version } = view.chain;
    try {
      return await search(view, timestamp);
    } catch (error) {
      // Segments may have been dropped in the middle of the search.
      if (version === view.chain.version) throw error;
    }
  }
}

async function search(view: View, timestamp: number): Promise<number> {
  const end = view.visible;
  if (end === view.first) return end;
  // Before the last segment that begins with only older records behind it, all are older.
  let low = 0;
  let high = view.chain.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const { start } = await view.chain.load(middle);
    if (start.state.maxTimestamp < timestamp) low = middle;
    else high = middle;
  }
  const from = Math.max(view.first, view.chain.at(low)!.base);
  for await (const batch of readBatches(view, { from, to: end, follow: false, signal: undefined })) {
    const offset = batch.offsetAt(timestamp);
    if (offset !== undefined) return offset;
  }
  return Math.min(end, view.visible);
}

/** Where a segment ends, and the offset it ends at. */
interface End {
  readonly boundary: Boundary;
  readonly next: number;
}

/** A place in one segment of the chain as it was at `version`. */
class Position {
  readonly version: number;
  readonly #view: View;
  readonly #segment: Segment;
  readonly #walker: Walker;
  /** Unless it is the last one. */
  readonly #end: End | undefined;

  constructor(view: View, segment: Segment, walker: Walker, end: End | undefined) {
    this.version = view.chain.version;
    this.#view = view;
    this.#segment = segment;
    this.#walker = walker;
    this.#end = end;
  }

  holds(offset: number): boolean {
    return this.#end === undefined
      ? this.#view.chain.last!.segment === this.#segment
      : offset < this.#end.next;
  }

  /** The next batch that holds records from `offset` on, which the view says are there. */
  async next(offset: number): Promise<RecordBatch | Skip> {
    const limit = this.#end?.boundary.position ?? this.#view.visibleEnd;
    while (this.#walker.boundary.position < limit) {
      const before = this.#walker.boundary;
      const batch = await this.#walker.next(limit, offset);
      if (typeof batch === "string") throw damaged(this.#view, this.#segment, before);
      const { position, offset: next, checksum } = this.#walker.boundary;
      this.#segment.index.add(position, next, checksum);
      this.#assertEnd();
      if (batch.header.attributes & attribute.control) controlOf(batch);
      if (next <= offset) continue;
      const end = this.#end?.next ?? this.#view.visible;
      if (batch.header.attributes & attribute.control) return { next: Math.min(next, end) };
      const durable = this.#end !== undefined || position <= this.#view.provenEnd;
      return recordsOf(batch, durable).trim(0, end);
    }
    throw damaged(this.#view, this.#segment, this.#walker.boundary);
  }

  /** The link of the successor, or the view, vouches for the last batch. */
  #assertEnd(): void {
    const { visibleEnd: position, visibleChecksum: checksum, visible: offset } = this.#view;
    const end = this.#end?.boundary ?? { position, checksum, offset };
    const { boundary } = this.#walker;
    if (boundary.position < end.position) return;
    const fits = boundary.checksum === end.checksum && boundary.offset >= end.offset;
    if (!fits) throw damaged(this.#view, this.#segment, boundary);
  }
}

async function locate(view: View, offset: number): Promise<Position> {
  const { chain, files } = view;
  const index = chain.indexOf(offset);
  const segment = await chain.load(index);
  let end: End | undefined;
  if (index + 1 < chain.length) {
    const link = await chain.endOf(index);
    const next = chain.at(index + 1)!.base;
    end = { boundary: { position: link.end, offset: next, checksum: link.checksum }, next };
  }
  const { name, epoch } = segment;
  const from = segment.index.floor(offset);
  return new Position(view, segment, new Walker(files, { name, epoch, from, keepsChunks: true }), end);
}

async function changedOrAborted(view: View, signal: Signal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const wake: Wake = (error) => {
      unwatch();
      signal?.removeEventListener("abort", aborted);
      if (error === undefined) resolve();
      else reject(error);
    };
    const aborted = (): void => wake();
    const unwatch = view.watch(wake);
    signal?.addEventListener("abort", aborted);
  });
}

export function throwIfAborted(signal: Signal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

function truncated(view: View, offset: number): WalError {
  const { label } = view.identity;
  return new WalError(
    "TRUNCATED",
    `cannot read offset ${offset} of log ${label}: it was truncated away. ` +
      `The log now holds the offsets from ${view.first} up to, not including, ${view.visible}.`,
    { log: label, first: view.first, next: view.visible },
  );
}

function closed(view: View): WalError {
  return new WalError("CLOSED", `cannot read log ${view.identity.label}: it was closed`, {
    log: view.identity.label,
  });
}

function damaged(view: View, segment: Segment, at: Boundary): WalError {
  return new WalError(
    "CORRUPT",
    `cannot read offset ${at.offset} of log ${view.identity.label}: ` +
      `segment ${segment.name} is damaged at position ${at.position}`,
    { log: view.identity.label, segment: segment.name, position: at.position, first: at.offset },
  );
}
