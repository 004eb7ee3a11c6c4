/**
 * Collects records into groups: the one that is open takes what is appended until it is handed on.
 * It gives the offsets, bounds what is on its way, and knows nothing of segments and files.
 */
import type { Ack } from "../ack.ts";
import { WalError } from "../errors.ts";
import { ByteWriter } from "../format/bytes.ts";
import { batchHeader, limit } from "../format/layout.ts";
import { encodedSizeMax } from "../format/record.ts";
import { Queue } from "../queue.ts";
import type { Producer, RecordInput } from "../record.ts";
import type { Core } from "./core.ts";
import { ackOf, Group, headroomBytes, type Mark } from "./group.ts";

/** An append that found the buffer full. */
interface Waiting {
  run(): void;
  reject(error: unknown): void;
}

/** Buffers kept for the next groups, and how large one may be to be kept. */
const buffersMax = 4;
const bufferBytesMax = 8 * 2 ** 20;
const bufferBytes = 64 * 1024;

/** A group of this size does not wait for more while the disk could flush it beside others. */
const overlapBytes = 64 * 1024;

export class Intake {
  readonly #core: Core;
  readonly #enqueue: (group: Group) => void;
  readonly #schedule: () => void;
  readonly #canOverlap: () => boolean;
  /** In their order. */
  readonly #waiting = new Queue<Waiting>();
  #buffers: ByteWriter[] = [];
  #open: Group;
  #turnTime: number | undefined;
  /** Who lets appends wait, if somebody does. */
  #holder: object | undefined;
  /** The offset that the next record gets. */
  next: number;
  /** Bytes that were taken and are neither durable nor lost. */
  pendingBytes = 0;
  appends = 0;

  /**
   * A group that is complete is given to `enqueue`; after anything was taken, `schedule` is called.
   * `canOverlap` tells whether one more group could be flushed beside those that are under way.
   */
  constructor(core: Core, enqueue: (group: Group) => void, schedule: () => void, canOverlap: () => boolean) {
    this.#core = core;
    this.#enqueue = enqueue;
    this.#schedule = schedule;
    this.#canOverlap = canOverlap;
    this.#open = new Group(new ByteWriter(bufferBytes));
    this.next = core.durable;
  }

  /** The group that is being filled. It may be empty. */
  get open(): Group {
    return this.#open;
  }

  /** Whether an append has to wait. */
  get isFull(): boolean {
    return (
      this.#holder !== undefined ||
      this.pendingBytes >= this.#core.settings.pendingBytesMax ||
      this.#waiting.length > 0
    );
  }

  /** Calls `run` in its turn, when there is room again, or `reject` when a flush fails before. */
  whenRoom(run: () => void, reject: (error: unknown) => void): void {
    this.#waiting.add({ run, reject });
    // What is only staged would never make room by itself.
    this.#open.wanted = this.#open.drafts.length > 0;
    this.#schedule();
  }

  /** Takes one valid record into the next group. Throws `TOO_LARGE`, having changed nothing. */
  append(record: RecordInput, producer: Producer | undefined): Promise<Ack> {
    const timestamp = record.timestamp ?? this.#now();
    const bytes = this.#add(record, timestamp, producer);
    const offset = this.next - 1;
    const { at } = this.#open.draft;
    return this.#open.acknowledged.then((settlement) => ackOf(settlement, offset, timestamp, at, bytes));
  }

  /** Like `append`, for a record whose failure is told later, if at all. Answers its offset. */
  stage(record: RecordInput, producer: Producer | undefined): number {
    this.#add(record, record.timestamp ?? this.#now(), producer);
    this.#open.silent = true;
    return this.next - 1;
  }

  /** Like `append`, for records that belong into one batch. */
  appendBatch(records: readonly RecordInput[], producer: Producer | undefined): Promise<Ack[]> {
    const group = this.#groupFor(records.length);
    const now = this.#now();
    const { batchBytes } = this.#core.settings;
    let sizeMax = 0;
    for (const record of records) sizeMax += encodedSizeMax(record);
    const mark = group.mark();
    group.prepare(sizeMax, this.next, records[0]!.timestamp ?? now, producer, batchBytes);
    const { at } = group.draft;
    const first = this.next;
    const timestamps = records.map((record) => record.timestamp ?? now);
    const sizes = this.#encodeAll(group, mark, records, timestamps);
    this.#added(group, producer, records.length, group.bytes - mark.bytes);
    return group.acknowledged.then((settlement) =>
      sizes.map((size, index) => ackOf(settlement, first + index, timestamps[index]!, at, size)),
    );
  }

  /** Hands the open group on, unless it is empty. */
  close(): void {
    if (this.#open.drafts.length === 0) return;
    this.#enqueue(this.#open);
    this.#open = new Group(this.#buffers.pop() ?? new ByteWriter(bufferBytes));
  }

  /** Lets appends wait until `release`, because the offsets they get are about to change. */
  hold(holder: object): void {
    this.#holder = holder;
  }

  /** A holder that holds no longer, because a failure has ended it, releases nothing. */
  release(holder: object): void {
    if (this.#holder !== holder) return;
    this.#holder = undefined;
    this.#admit();
  }

  /** What is added from now on belongs to another turn of the event loop. */
  endTurn(): void {
    this.#turnTime = undefined;
  }

  /** A group is durable: its bytes make room. */
  settled(group: Group): void {
    this.pendingBytes -= group.taken;
    this.recycle(group.writer);
    this.#admit();
  }

  /** The next groups may use a buffer that nobody needs any more. */
  recycle(buffer: ByteWriter): void {
    const { length } = buffer.bytes;
    if (this.#buffers.length < buffersMax && length >= bufferBytes && length <= bufferBytesMax) {
      this.#buffers.push(buffer);
    }
  }

  /** Goes back to what is durable. Answers what was open, and who waited for room. */
  reset(): { open: Group; waiting: Waiting[] } {
    const lost = { open: this.#open, waiting: this.#waiting.takeAll() };
    // Buffers of groups on their way may still be read by the storage: none is used again.
    this.#buffers = [];
    this.#open = new Group(new ByteWriter(bufferBytes));
    this.#holder = undefined;
    this.pendingBytes = 0;
    this.next = this.#core.durable;
    return lost;
  }

  #admit(): void {
    const max = this.#core.settings.pendingBytesMax;
    while (this.#waiting.length > 0 && this.#holder === undefined && this.pendingBytes < max) {
      this.#waiting.take().run();
    }
  }

  /** Encodes all of the records or none, and answers how many bytes each takes. */
  #encodeAll(group: Group, mark: Mark, records: readonly RecordInput[], timestamps: number[]): number[] {
    let sizes: number[];
    try {
      sizes = records.map((record, index) => group.encode(record, timestamps[index]!));
    } catch (error) {
      group.undo(mark);
      throw error;
    }
    this.#assertSize(group, mark, records.length);
    return sizes;
  }

  /** Answers how many bytes the record takes. */
  #add(record: RecordInput, timestamp: number, producer: Producer | undefined): number {
    const group = this.#groupFor(1);
    const { batchBytes, batchBytesMax } = this.#core.settings;
    const sizeMax = encodedSizeMax(record);
    const mark = sizeMax + headroomBytes > batchBytesMax ? group.mark() : undefined;
    const before = group.bytes;
    group.prepare(sizeMax, this.next, timestamp, producer, batchBytes);
    const bytes = group.encode(record, timestamp);
    if (mark !== undefined) this.#assertSize(group, mark, 1);
    this.#added(group, producer, 1, group.bytes - before);
    return bytes;
  }

  /** The group that takes the next `count` records. */
  #groupFor(count: number): Group {
    if (this.next + count > limit.offset) {
      throw new RangeError(
        `log ${this.#core.identity.label} has used up its offsets: ${limit.offset} is the last`,
      );
    }
    const { bytes, wanted } = this.#open;
    const isLarge = bytes >= this.#core.settings.batchBytes * 4;
    if (isLarge || (wanted && bytes >= overlapBytes && this.#canOverlap())) this.close();
    return this.#open;
  }

  #added(group: Group, producer: Producer | undefined, count: number, bytes: number): void {
    if (producer !== undefined) this.#core.state.producers.stage(producer, this.next, count);
    this.next += count;
    this.pendingBytes += bytes;
    group.taken += bytes;
    this.appends += count;
    if (group.bytes >= this.#core.settings.batchBytes) group.wanted = true;
    this.#schedule();
  }

  #assertSize(group: Group, mark: Mark, count: number): void {
    const { batchBytesMax } = this.#core.settings;
    if (group.bytes - group.draft.at - batchHeader.bytes <= batchBytesMax) return;
    group.undo(mark);
    throw this.#tooLarge(count);
  }

  /** The time of this turn: records that are added in one turn have one timestamp. */
  #now(): number {
    if (this.#turnTime === undefined) {
      this.#turnTime = this.#core.storage.now();
      this.#schedule();
    }
    return this.#turnTime;
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
