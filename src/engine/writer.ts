/**
 * Group commit. Records that arrive while a group is being written and flushed form the next
 * group. Whatever else changes the log waits in the same queue and holds the pen alone while it
 * works. When a write or flush fails, everything behind it fails with it (see DESIGN.md, "When a
 * flush fails").
 */
import { reasonOf, WalError } from "../errors.ts";
import { batchHeader, limit } from "../format/layout.ts";
import { ByteWriter } from "../format/bytes.ts";
import { encodedSizeMax } from "../format/record.ts";
import type { Ack } from "../ack.ts";
import type { Producer, RecordInput } from "../record.ts";
import type { Eventually } from "../storage.ts";
import { assertWhole } from "./birth.ts";
import type { Core } from "./core.ts";
import { isPromise, settle } from "./eventually.ts";
import { ackOf, Group, type Settlement, type Waiter } from "./group.ts";
import { retainedFrom } from "./retention.ts";

/** Work that needs the log to itself, in its turn. */
interface Turn {
  run(): Promise<void>;
  reject(error: unknown): void;
}

/** How long a storage that answers at once may keep the event loop busy, in ms. */
const busyMsMax = 8;
/** Buffers kept for the next groups. */
const buffersMax = 4;
const bufferBytes = 64 * 1024;

export class Writer {
  readonly #core: Core;
  /** Appends that found the buffer full, in their order. */
  readonly #waiting: Turn[] = [];
  #queue: (Group | Turn)[] = [];
  #flight: Group[] = [];
  #buffers: ByteWriter[] = [];
  #open: Group;
  #next: number;
  #pendingBytes = 0;
  #turnTime: number | undefined;
  #scheduled = false;
  /** Whether a turn holds the pen. */
  #held = false;
  #writing = false;
  #pumping = false;
  #busyMs = 0;
  /** Changes with each failure: answers from before it are of no interest. */
  #generation = 0;
  /** A loss that nobody was told of yet. */
  #loss: WalError | undefined;
  readonly counters = { appends: 0, batches: 0, bytes: 0, flushes: 0, flushFailures: 0, rotations: 0 };

  constructor(core: Core) {
    this.#core = core;
    this.#open = new Group(new ByteWriter(bufferBytes));
    this.#next = core.durable;
  }

  get next(): number {
    return this.#next;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get isFull(): boolean {
    return this.#pendingBytes >= this.#core.settings.pendingBytesMax || this.#waiting.length > 0;
  }

  /** Calls `run` in its turn, when there is room again, or `reject` when a flush fails before. */
  whenRoom(run: () => void, reject: (error: unknown) => void): void {
    this.#waiting.push({ run: async () => run(), reject });
  }

  /** Throws, once, the error of a loss that nobody was told of. */
  reportLoss(): void {
    const loss = this.#loss;
    this.#loss = undefined;
    if (loss !== undefined) throw loss;
  }

  /** Takes one valid record into the next group. Throws `TOO_LARGE`, having changed nothing. */
  append(record: RecordInput, producer: Producer | undefined): Promise<Ack> {
    const timestamp = record.timestamp ?? this.#now();
    const bytes = this.#add(record, timestamp, producer);
    return this.#open.promise(this.#next - 1, timestamp, bytes);
  }

  /** Like `append`, for a record whose failure is told later, if at all. Answers its offset. */
  stage(record: RecordInput, producer: Producer | undefined): number {
    this.#add(record, record.timestamp ?? this.#now(), producer);
    this.#open.silent = true;
    return this.#next - 1;
  }

  /** Like `append`, for records that belong into one batch. */
  appendBatch(records: readonly RecordInput[], producer: Producer | undefined): Promise<Ack[]> {
    const group = this.#groupFor(records.length);
    const now = this.#now();
    const { batchBytes } = this.#core.settings;
    let sizeMax = 0;
    for (const record of records) sizeMax += encodedSizeMax(record);
    const mark = group.mark();
    group.prepare(sizeMax, this.#next, records[0]!.timestamp ?? now, producer, batchBytes);
    const { at } = group.draft;
    const first = this.#next;
    const timestamps = records.map((record) => record.timestamp ?? now);
    const sizes = records.map((record, index) => group.encode(record, timestamps[index]!));
    this.#assertSize(group, mark, records.length);
    this.#added(group, producer, records.length, group.bytes - mark.bytes);
    return new Promise((resolve, reject) => {
      const done = (settlement: Settlement): void => {
        resolve(sizes.map((size, index) => ackOf(settlement, first + index, timestamps[index]!, at, size)));
      };
      group.join({ resolve: done, reject });
    });
  }

  /** Tells `waiter` when everything that is on its way, which is something, is durable. */
  join(waiter: Waiter): void {
    const queued = this.#queue.findLast(isGroup) ?? this.#flight.at(-1);
    const group = this.#open.drafts.length > 0 || queued === undefined ? this.#open : queued;
    group.join(waiter);
    this.#schedule();
  }

  /** Resolves when everything added before is durable. */
  async flush(): Promise<void> {
    const idle = this.#open.drafts.length === 0 && this.#queue.length === 0 && this.#flight.length === 0;
    if (idle && !this.#held) return;
    await this.exclusive(async () => undefined);
  }

  /**
   * Runs `work` when everything added before is durable and nothing else is under way. It is
   * rejected without being run when a flush in front of it fails.
   */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#open.drafts.length > 0) this.#enqueueOpen();
      this.#queue.push({ run: () => work().then(resolve, reject), reject });
      this.#schedule();
    });
  }

  /** After a truncation at the end: the next record has the offset that is durable next. */
  rewind(): void {
    this.#next = this.#core.durable;
  }

  /**
   * Ends everything that was not acknowledged, gives the active segment up, and goes back to what
   * is durable.
   */
  fail(action: string, cause: unknown): WalError {
    const { active, identity, durable } = this.#core;
    const next = this.#next;
    const lost = next > durable ? ` The records from offset ${durable} to ${next - 1} are not in the log.` : "";
    const { name } = active.segment;
    const message = `cannot ${action} segment ${name} of log ${identity.label}: ${reasonOf(cause)}.${lost}`;
    const options = { log: identity.label, segment: name, first: durable, next, cause };
    const error = new WalError("FLUSH_FAILED", message, options);
    const groups = [...this.#flight, ...this.#queue.filter(isGroup), this.#open];
    const turns = [...this.#queue.filter(isTurn), ...this.#waiting.splice(0)];
    this.counters.flushFailures++;
    this.#generation++;
    this.#queue = [];
    this.#flight = [];
    // Buffers of groups on their way may still be read by the storage: none is used again.
    this.#buffers = [];
    this.#open = new Group(new ByteWriter(bufferBytes));
    this.#pendingBytes = 0;
    this.#next = durable;
    this.#writing = false;
    this.#core.state.producers.dropPending();
    if (groups.some((group) => group.silent)) this.#loss = error;
    for (const group of groups) group.reject(error);
    for (const turn of turns) turn.reject(error);
    this.#core.notify();
    return error;
  }

  #enqueueOpen(): void {
    this.#queue.push(this.#open);
    this.#open = new Group(this.#buffers.pop() ?? new ByteWriter(bufferBytes));
  }

  /** Answers how many bytes the record takes. */
  #add(record: RecordInput, timestamp: number, producer: Producer | undefined): number {
    const group = this.#groupFor(1);
    const { batchBytes, batchBytesMax } = this.#core.settings;
    const sizeMax = encodedSizeMax(record);
    const mark = sizeMax > batchBytesMax ? group.mark() : undefined;
    group.prepare(sizeMax, this.#next, timestamp, producer, batchBytes);
    const bytes = group.encode(record, timestamp);
    if (mark !== undefined) this.#assertSize(group, mark, 1);
    this.#added(group, producer, 1, bytes);
    return bytes;
  }

  /** The group that takes the next `count` records. */
  #groupFor(count: number): Group {
    if (this.#next + count > limit.offset) {
      throw new RangeError(`log ${this.#core.identity.label} has used up its offsets: ${limit.offset} is the last`);
    }
    if (this.#open.bytes >= this.#core.settings.batchBytes * 4) this.#enqueueOpen();
    return this.#open;
  }

  #added(group: Group, producer: Producer | undefined, count: number, bytes: number): void {
    if (producer !== undefined) this.#core.state.producers.stage(producer, this.#next, count);
    this.#next += count;
    this.#pendingBytes += bytes;
    this.counters.appends += count;
    if (group.bytes >= this.#core.settings.batchBytes) group.wanted = true;
    this.#schedule();
  }

  #assertSize(group: Group, mark: ReturnType<Group["mark"]>, count: number): void {
    const { batchBytesMax } = this.#core.settings;
    if (group.bytes - group.draft.at - batchHeader.bytes <= batchBytesMax) return;
    group.undo(mark);
    throw this.#tooLarge(count);
  }

  /** The time of this turn: records that are added in one turn have one timestamp. */
  #now(): number {
    return (this.#turnTime ??= this.#core.storage.now());
  }

  /**
   * Goes to work once a turn of the microtask queue has passed in which nothing was added: callers
   * that were acknowledged together come back together, and share the next flush.
   */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    let next = this.#next;
    const wave = (): void => {
      if (next !== this.#next && this.#open.bytes < this.#core.settings.batchBytes) {
        next = this.#next;
        void Promise.resolve().then(wave);
        return;
      }
      this.#scheduled = false;
      this.#turnTime = undefined;
      this.#pump();
    };
    void Promise.resolve().then(wave);
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#held && !this.#writing) {
      if (this.#queue.length === 0 && this.#open.wanted) this.#enqueueOpen();
      const head = this.#queue[0];
      if (head === undefined) break;
      if (!(head instanceof Group)) {
        if (this.#flight.length > 0) break;
        this.#queue.shift();
        this.#hold(() => head.run());
      } else if (this.#needsSegment(head)) {
        if (this.#flight.length > 0) break;
        this.#hold(() => this.#prepareSegment());
      } else {
        if (this.#flight.length >= this.#core.storage.flushesAtOnce) break;
        this.#queue.shift();
        this.#commit(head);
      }
    }
    this.#pumping = false;
  }

  /** Runs work that has the pen to itself. */
  #hold(work: () => Promise<void>): void {
    this.#held = true;
    void work().finally(() => {
      this.#held = false;
      this.#schedule();
    });
  }

  #needsSegment(group: Group): boolean {
    const { active, settings, storage } = this.#core;
    if (active.finished || active.closed) return true;
    if (active.end === active.segment.begin.position) return false;
    if (active.end + group.bytes + batchHeader.alignment > settings.segmentBytesMax) return true;
    return (
      settings.segmentAgeMsMax < Infinity &&
      storage.now() - active.segment.start.created >= settings.segmentAgeMsMax
    );
  }

  async #prepareSegment(): Promise<void> {
    const core = this.#core;
    try {
      if (core.active.finished || core.active.closed) await core.repair();
      else await this.rotate(await retainedFrom(core));
    } catch (cause) {
      this.fail("begin the segment behind", cause);
    }
  }

  /** Begins the next segment, with `first` as the first offset of the log. */
  async rotate(first: number): Promise<void> {
    const core = this.#core;
    const state = { ...core.state.snapshot(), first };
    await core.advance(core.continuation(state));
    core.state.first = first;
    this.counters.rotations++;
    await core.dropTruncated();
  }

  #commit(group: Group): void {
    const { active, storage } = this.#core;
    const generation = this.#generation;
    const position = active.end;
    const { segment, flushedEnd: watermark, checksum: previousChecksum, file } = active;
    const { bytes, checksum } = group.place({ position, epoch: segment.epoch, previousChecksum, watermark });
    active.end += bytes.length;
    active.checksum = checksum;
    active.fileSize = Math.max(active.fileSize, active.end);
    this.#flight.push(group);
    this.#writing = true;
    const begun = storage.elapsed();
    const failed =
      (action: string) =>
      (cause: unknown): void => {
        if (generation !== this.#generation) return;
        active.finished = true;
        this.fail(action, cause);
      };
    let waited = false;
    const flushed = (): void => {
      if (generation !== this.#generation) return;
      group.flushed = true;
      const ms = storage.elapsed() - begun;
      while (this.#flight[0]?.flushed) this.#settle(this.#flight.shift()!, ms);
      if (waited) this.#schedule();
      else this.#breathe(ms);
    };
    const written = (count: number): void => {
      if (generation !== this.#generation) return;
      this.#writing = false;
      assertWhole(count, bytes.length);
      if (this.#core.settings.relaxed) this.#acknowledge(group, "os", 0);
      this.counters.flushes++;
      settle(() => noting(file.flush()), flushed, failed("flush"));
      if (waited) this.#pump();
    };
    const noting = <T>(answer: Eventually<T>): Eventually<T> => {
      if (isPromise(answer)) waited = true;
      return answer;
    };
    const checked = (count: number): void => {
      try {
        written(count);
      } catch (cause) {
        failed("write")(cause);
      }
    };
    settle(() => noting(file.write(bytes, position)), checked, failed("write"));
  }

  /** A storage that answers at once must not starve everybody else. */
  #breathe(ms: number): void {
    this.#busyMs += ms;
    if (this.#busyMs < busyMsMax) return;
    this.#busyMs = 0;
    this.#hold(() => this.#core.storage.sleep(0));
  }

  #settle(group: Group, flushMs: number): void {
    const core = this.#core;
    const { active, state } = core;
    const { position } = group.placement!;
    active.flushedEnd = position + group.bytes;
    active.flushedChecksum = group.draft.checksum;
    core.durable = group.next;
    for (let index = 0; index < group.drafts.length; index++) {
      const draft = group.drafts[index]!;
      const { baseOffset, count, producer } = draft;
      const end = position + (group.drafts[index + 1]?.at ?? group.bytes);
      active.segment.index.add(end, baseOffset + count, draft.checksum);
      state.maxTimestamp = Math.max(state.maxTimestamp, draft.maxTimestamp);
      if (producer !== undefined) state.producers.apply(producer, baseOffset, count);
    }
    this.counters.batches += group.drafts.length;
    this.counters.bytes += group.bytes;
    this.#acknowledge(group, core.storage.durability, flushMs);
    this.#pendingBytes = Math.max(0, this.#pendingBytes - group.bytes);
    if (this.#flight.length === 0 && this.#queue.length === 0 && this.#open.drafts.length === 0) {
      this.#pendingBytes = 0;
      state.producers.dropPending();
    }
    if (this.#buffers.length < buffersMax) this.#buffers.push(group.writer);
    while (this.#waiting.length > 0 && this.#pendingBytes < core.settings.pendingBytesMax) {
      void this.#waiting.shift()!.run();
    }
    core.notify();
  }

  #acknowledge(group: Group, strength: "disk" | "os" | "memory", flushMs: number): void {
    const { active, storage } = this.#core;
    const durability = storage.durability === "memory" ? "memory" : strength;
    const settlement: Settlement = {
      durability,
      segment: active.segment.name,
      position: group.placement!.position,
      flushMs,
    };
    if (!group.flushed) group.silent = true;
    group.acknowledge(settlement);
  }

  #tooLarge(count: number): WalError {
    const { identity, settings } = this.#core;
    const object = count === 1 ? "a record" : `a batch of ${count} records`;
    return new WalError(
      "TOO_LARGE",
      `cannot append ${object} to log ${identity.label}: it takes more than ${settings.batchBytesMax} bytes. ` +
        "Split it, or open the log with a larger maxBatchBytes.",
      { log: identity.label },
    );
  }
}

function isGroup(each: Group | Turn): each is Group {
  return each instanceof Group;
}

function isTurn(each: Group | Turn): each is Turn {
  return !(each instanceof Group);
}
