/**
 * The records that one write and one flush make durable together: encoded when they are appended,
 * completed with batch headers when their place in the segment is known. A group belongs to the
 * log until it is settled; it knows nothing of files.
 */
import { ByteWriter } from "../format/bytes.ts";
import { type BatchHeader, writeBatchHeader } from "../format/batch-header.ts";
import { checksum } from "../format/checksum.ts";
import { encodeProducer } from "../format/control.ts";
import { align, attribute, batchHeader, limit } from "../format/layout.ts";
import { encodeRecord } from "../format/record.ts";
import { encodeText } from "../format/text.ts";
import type { Producer, RecordInput } from "../record.ts";
import type { Durability } from "../storage.ts";
import type { Ack } from "../ack.ts";

/** One batch of a group, while its header is not written yet. */
export interface Draft {
  /** Where its header begins in the group's bytes. */
  readonly at: number;
  readonly baseOffset: number;
  readonly baseTimestamp: number;
  readonly producer: Producer | undefined;
  count: number;
  maxTimestamp: number;
  /** Of its header, once that is written. */
  checksum: number;
}

/** Where the group is about to be written. */
export interface GroupPlacement {
  readonly position: number;
  readonly epoch: number;
  readonly previousChecksum: number;
  readonly watermark: number;
}

/** How a group came to be acknowledged. */
export interface Settlement {
  readonly durability: Durability;
  /** The name of the segment. */
  readonly segment: string;
  /** Where the group begins in the segment. */
  readonly position: number;
  readonly flushMs: number;
}

/** A promise that is made when somebody asks for it, and kept or broken at most once. */
class Outcome {
  #promise: Promise<Settlement> | undefined;
  #keep: ((settlement: Settlement) => void) | undefined;
  #break: ((reason: unknown) => void) | undefined;

  /** Whoever asks handles its rejection. */
  get promise(): Promise<Settlement> {
    return (this.#promise ??= new Promise((resolve, reject) => {
      this.#keep = resolve;
      this.#break = reject;
    }));
  }

  keep(settlement: Settlement): void {
    this.#keep?.(settlement);
  }

  break(reason: unknown): void {
    this.#break?.(reason);
  }
}

export class Group {
  readonly drafts: Draft[] = [];
  /** Whether somebody waits for it, or it is large enough to be written anyway. */
  wanted = false;
  /** Bytes that it takes, those of its headers included. */
  taken = 0;
  /** Whether it holds records whose failure no waiter would report. */
  silent = false;
  /** When its write began. */
  begun = 0;
  /** What its flush reached, when it is flushed. */
  flushed: Durability | undefined;
  placement: GroupPlacement | undefined;
  #writer: ByteWriter;
  readonly #acknowledged = new Outcome();
  readonly #settled = new Outcome();

  constructor(writer: ByteWriter) {
    this.#writer = writer;
    writer.length = 0;
  }

  get bytes(): number {
    return this.#writer.length;
  }

  get writer(): ByteWriter {
    return this.#writer;
  }

  /** The offset behind its last record. */
  get next(): number {
    return this.draft.baseOffset + this.draft.count;
  }

  /** The draft that the last record went into. */
  get draft(): Draft {
    return this.drafts[this.drafts.length - 1]!;
  }

  /**
   * Makes room for records of one batch that take at most `sizeMax` bytes. They go into the current
   * batch, unless it is of another producer or would grow beyond `batchBytes`.
   */
  prepare(
    sizeMax: number,
    baseOffset: number,
    baseTimestamp: number,
    producer: Producer | undefined,
    batchBytes: number,
  ): void {
    const writer = this.#writer;
    writer.reserve(sizeMax + headroomBytes);
    if (this.drafts.length > 0) {
      const { draft } = this;
      if (fits(draft, producer) && writer.length - draft.at + sizeMax <= batchBytes) return;
      this.close();
    }
    const at = writer.length;
    writer.length += batchHeader.bytes;
    if (producer !== undefined) {
      encodeProducer(writer, encodeText(producer.id), producer.epoch, producer.sequence);
      writer.reserve(sizeMax);
    }
    const maxTimestamp = baseTimestamp;
    this.drafts.push({ at, baseOffset, baseTimestamp, producer, count: 0, maxTimestamp, checksum: 0 });
  }

  /** When its records are acknowledged. Whoever asks has it written. */
  get acknowledged(): Promise<Settlement> {
    this.wanted = true;
    return this.#acknowledged.promise;
  }

  /** When it is flushed, which may be later. */
  get settled(): Promise<Settlement> {
    this.wanted = true;
    return this.#settled.promise;
  }

  acknowledge(settlement: Settlement): void {
    this.#acknowledged.keep(settlement);
    if (this.flushed !== undefined) this.#settled.keep(settlement);
  }

  /** Breaks every promise given that was not kept. */
  reject(reason: unknown): void {
    this.#acknowledged.break(reason);
    this.#settled.break(reason);
  }

  /** Makes room for one more record of at most `sizeMax` bytes in the current batch. */
  reserve(sizeMax: number): void {
    this.#writer.reserve(sizeMax);
  }

  /** Encodes one record into the batch that was prepared, and answers how many bytes it takes. */
  encode(record: RecordInput, timestamp: number): number {
    const { draft } = this;
    const writer = this.#writer;
    const before = writer.length;
    try {
      encodeRecord(writer, record, timestamp, draft.baseTimestamp);
    } catch (error) {
      this.#forget(draft, before);
      throw error;
    }
    draft.count++;
    if (timestamp > draft.maxTimestamp) draft.maxTimestamp = timestamp;
    return writer.length - before;
  }

  /** The state to go back to when something turns out not to belong here. */
  mark(): Mark {
    const { length } = this.drafts;
    const draft = length === 0 ? undefined : { ...this.draft };
    return { bytes: this.#writer.length, drafts: length, draft };
  }

  undo(mark: Mark): void {
    this.#writer.length = mark.bytes;
    this.drafts.length = mark.drafts;
    if (mark.draft !== undefined) this.drafts[mark.drafts - 1] = mark.draft;
  }

  /** Pads the last batch, so that the next can begin. */
  close(): void {
    const writer = this.#writer;
    writer.reserve(batchHeader.alignment);
    writer.zeros(align(writer.length) - writer.length);
  }

  /** Writes the headers. Answers the bytes to write and the checksum of the last header. */
  place(placement: GroupPlacement): { bytes: Uint8Array; checksum: number } {
    this.close();
    const { view } = this.#writer;
    const { position, epoch, watermark } = placement;
    let { previousChecksum } = placement;
    for (let index = 0; index < this.drafts.length; index++) {
      const draft = this.drafts[index]!;
      const payload = draft.at + batchHeader.bytes;
      const end = this.drafts[index + 1]?.at ?? this.#writer.length;
      const header: Omit<BatchHeader, "checksum"> = {
        length: end - payload,
        position: position + draft.at,
        epoch,
        baseOffset: draft.baseOffset,
        count: draft.count,
        attributes: draft.producer === undefined ? 0 : attribute.producer,
        baseTimestamp: draft.baseTimestamp,
        maxTimestamp: draft.maxTimestamp,
        payloadChecksum: checksum(view, payload, end),
        previousChecksum,
        watermark,
      };
      previousChecksum = writeBatchHeader(view, draft.at, header);
      draft.checksum = previousChecksum;
    }
    this.placement = placement;
    return { bytes: this.#writer.bytes.subarray(0, this.#writer.length), checksum: previousChecksum };
  }

  /** Moves its bytes to a buffer of their size, and answers the one that they were in. */
  compact(): ByteWriter {
    const writer = this.#writer;
    this.#writer = new ByteWriter(writer.length);
    this.#writer.bytes.set(writer.bytes.subarray(0, writer.length));
    this.#writer.length = writer.length;
    return writer;
  }

  /** Leaves nothing of a record that threw while it was read, such as one with a getter. */
  #forget(draft: Draft, before: number): void {
    this.#writer.length = draft.count === 0 ? draft.at : before;
    if (draft.count === 0) this.drafts.pop();
  }
}

/** `at` is where the record's batch begins in its group. */
export function ackOf(
  settlement: Settlement,
  offset: number,
  timestamp: number,
  at: number,
  bytes: number,
): Ack {
  const { durability, segment, position, flushMs } = settlement;
  return {
    offset,
    timestamp,
    durability,
    segment,
    position: position + at,
    bytes,
    flushMs,
    duplicate: false,
  };
}

export interface Mark {
  readonly bytes: number;
  readonly drafts: number;
  readonly draft: Draft | undefined;
}

/** Padding of the batch before, a header, and a producer block. */
export const headroomBytes = batchHeader.alignment + batchHeader.bytes + 2 * limit.producerIdBytes;

function fits(draft: Draft, producer: Producer | undefined): boolean {
  if (draft.producer === undefined || producer === undefined) return draft.producer === producer;
  return (
    draft.producer.id === producer.id &&
    draft.producer.epoch === producer.epoch &&
    draft.producer.sequence + draft.count === producer.sequence
  );
}
