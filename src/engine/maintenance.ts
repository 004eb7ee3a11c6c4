/**
 * The verbs that change the log's shape: rotate, truncate at either end, close. Each runs with the
 * pen to itself, after everything appended before it has become durable.
 */
import { WalError } from "../errors.ts";
import type { Control, Unknown } from "../format/control.ts";
import { attribute, startReason } from "../format/layout.ts";
import { noteOf } from "./active.ts";
import { assertWhole } from "./birth.ts";
import type { Continuation, Core } from "./core.ts";
import { statesBefore } from "./producers.ts";
import { retainedFrom } from "./retention.ts";
import { urgently } from "./room.ts";
import { readBornSegment } from "./segment.ts";
import { recordsOf, TrackedState } from "./state.ts";
import { Walker } from "./walker.ts";
import type { Writer } from "./writer.ts";

/** A segment that was just finished. */
export interface ClosedSegment {
  readonly name: string;
  readonly first: number;
  readonly next: number;
  readonly bytes: number;
}

/** Begins a new segment, unless the active one is empty. */
export async function rotate(core: Core, writer: Writer): Promise<ClosedSegment | undefined> {
  const { active, durable } = core;
  const { name, base } = active.segment;
  if (durable === base) return undefined;
  const bytes = active.flushedEnd;
  await guarded(core, writer, "begin the segment behind", async () =>
    writer.rotate(await retainedFrom(core)),
  );
  return { name, first: base, next: durable, bytes };
}

/** Forgets the records before `offset`, which lies in `[first, next]`. */
export async function truncateBefore(core: Core, writer: Writer, offset: number): Promise<void> {
  if (offset <= core.first) return;
  if (offset > core.durable) throw outOfRange(core, "truncateBefore", offset, core.durable);
  if (offset === core.durable && core.durable > core.active.segment.base) {
    // Nothing is left: a new segment frees all the space, and knows the next offset.
    await guarded(core, writer, "begin the segment behind", () => writer.rotate(offset));
    return;
  }
  await guarded(core, writer, "truncate in", async () => {
    if (core.active.finished || core.active.closed) await core.repair();
    // What comes with a new segment, removals for one, may have failed it at once.
    if (core.active.finished) throw new Error("a flush of it has failed");
    await writeControl(core, { kind: "first", first: offset });
  });
  core.state.first = offset;
  await core.dropTruncated();
}

/** Forgets the records behind `offset`: the next record will have the offset after it. */
export async function truncateAfter(core: Core, writer: Writer, offset: number): Promise<void> {
  const next = offset + 1;
  if (next === core.durable) {
    // Bytes that failed a flush may lie behind it, and must not come back after this.
    if (core.active.finished) await guarded(core, writer, "begin the segment behind", () => core.repair());
    return;
  }
  if (next > core.durable || next < core.first)
    throw outOfRange(core, "truncateAfter", offset, core.durable - 1);
  const continuation = await continuationAt(core, next);
  await guarded(core, writer, "begin the segment behind", () => core.advance(continuation));
  core.state.maxTimestamp = continuation.state.maxTimestamp;
  core.state.producers.reset(continuation.state.producers);
  writer.intake.next = next;
  core.watchers.wake();
}

/** Applies retention to a log that was just opened. */
export async function retain(core: Core, writer: Writer): Promise<void> {
  await truncateBefore(core, writer, await retainedFrom(core));
}

/**
 * Leaves behind that everything was flushed, so that opening need not look for the end. A segment
 * that failed gets a successor first, which keeps what was rejected from coming back.
 */
export async function writeClose(core: Core, writer: Writer): Promise<void> {
  if (core.active.closed && !core.active.finished) return;
  if (core.active.finished) {
    try {
      await core.repair();
    } catch {
      // Everything acknowledged is safe without it. What was rejected may come back.
      return;
    }
    if (core.active.finished) return;
  }
  try {
    await writeControl(core, { kind: "close", state: core.state.snapshot() });
  } catch (cause) {
    throw writer.fail("write a close batch to", cause);
  }
}

async function writeControl(core: Core, control: Exclude<Control, Unknown>): Promise<void> {
  const { active, storage, durable } = core;
  const { bytes, checksum } = noteOf(control, active, active.end, active.checksum, durable, storage.now());
  const end = active.end + bytes.length;
  try {
    // A close vouches for everything before it, also for a witness that nobody has flushed yet.
    if (control.kind === "close" && active.end > active.flushedEnd) await active.file.flush();
    assertWhole(await active.file.write(bytes, active.end), bytes.length);
    if (control.kind === "close" && active.fileSize > end) await active.file.truncate(end);
    await active.file.flush();
  } catch (cause) {
    active.finished = true;
    throw cause;
  }
  active.end = end;
  active.checksum = checksum;
  active.flushedEnd = end;
  active.flushedChecksum = checksum;
  active.fileSize = Math.max(active.fileSize, end);
}

/** How a log goes on that ends at `next`, which may lie in the middle of a batch. */
async function continuationAt(core: Core, next: number): Promise<Continuation> {
  const { chain, active, files, settings } = core;
  const reason = startReason.truncation;
  const index = chain.indexOf(next - 1);
  const segment = await readBornSegment(files, chain.at(index)!.name, core.identity);
  const { first } = core.state;
  if (next <= segment.base) {
    const { ordinal, bytesBefore, state } = segment.start;
    const kept = { ...state, first, producers: statesBefore(state.producers, next) };
    return { reason, base: next, link: undefined, ordinal, bytesBefore, state: kept };
  }
  const isLast = index === chain.length - 1;
  const end = isLast ? active.flushedEnd : (await chain.endOf(index)).end;
  const producers = statesBefore(segment.start.state.producers, next);
  const state = new TrackedState({ ...segment.start.state, producers }, settings.producersMax);
  const { name } = segment;
  const walker = new Walker(files, { name, epoch: segment.epoch, from: segment.begin });
  while (walker.boundary.offset < next) {
    const batch = await walker.next(end);
    if (typeof batch === "string") {
      const { position, offset } = walker.boundary;
      throw new WalError(
        "CORRUPT",
        `cannot truncate log ${core.identity.label} after offset ${next - 1}: segment ${name} is damaged at position ${position}`,
        { log: core.identity.label, segment: name, position, first: offset },
      );
    }
    const isControl = batch.header.attributes & attribute.control;
    if (isControl) state.add(batch);
    else state.addRecords(recordsOf(batch).trim(0, next));
  }
  const { position, checksum } = walker.boundary;
  return {
    reason,
    base: next,
    link: { epoch: segment.epoch, base: segment.base, end: position, checksum },
    ordinal: segment.start.ordinal + 1,
    bytesBefore: segment.start.bytesBefore + position,
    state: { ...state.snapshot(), first },
  };
}

/** `work` may be done a second time, so it begins with what failed the first time. */
async function guarded(core: Core, writer: Writer, action: string, work: () => Promise<void>): Promise<void> {
  try {
    await urgently(core.files, work);
  } catch (cause) {
    throw writer.fail(action, cause);
  }
}

function outOfRange(core: Core, verb: string, offset: number, last: number): RangeError {
  const low = verb === "truncateAfter" ? core.first - 1 : core.first;
  return new RangeError(`${verb}(${offset}) of log ${core.identity.label} must be from ${low} to ${last}`);
}
