/**
 * The control records: what the engine writes for itself between the user's records. Each is the
 * whole payload of a control batch and begins with its kind. None but `lost` takes an offset.
 */
import { ByteReader, ByteWriter, malformed } from "./bytes.ts";
import { WalError } from "../errors.ts";
import { controlKind, limit, type startReason } from "./layout.ts";
import { decodeText } from "./text.ts";

/** What a log knows besides its records. A start and a close carry all of it. */
export interface LogState {
  /** The first offset that has not been truncated away. */
  readonly first: number;
  /** The highest timestamp of any record of the log up to here; 0 when there is none. */
  readonly maxTimestamp: number;
  readonly producers: readonly ProducerState[];
}

export interface ProducerState {
  readonly id: string;
  readonly epoch: number;
  /** The latest runs of records, oldest first, at least one. */
  readonly runs: readonly ProducerRun[];
}

/** Records `sequence … sequence + count - 1` of a producer lie at `offset … offset + count - 1`. */
export interface ProducerRun {
  readonly sequence: number;
  readonly offset: number;
  readonly count: number;
}

/** The end of the segment that a segment continues. */
export interface Link {
  readonly epoch: number;
  readonly base: number;
  /** Where its valid bytes end. What lies behind is superseded. */
  readonly end: number;
  /** The checksum of the header of its last valid batch. */
  readonly checksum: number;
}

export interface Start {
  readonly kind: "start";
  readonly reason: StartReason;
  /** The checksum of the 32 bytes of the segment header. */
  readonly headerChecksum: number;
  readonly created: number;
  /** 1 for the first segment of a log, and one more than the linked segment's for each other. */
  readonly ordinal: number;
  readonly link: Link | undefined;
  /** How many bytes the segments before this one hold, since the log began. */
  readonly bytesBefore: number;
  /**
   * The records up to this offset were written together with the start, before the segment's
   * first flush. A segment that does not hold them all was never finished being created.
   */
  readonly carriedNext: number;
  readonly topic: string;
  readonly state: LogState;
}

export type StartReason = (typeof startReason)[keyof typeof startReason];

/** Behind the last record of a segment: a successor exists. */
export interface Seal {
  readonly kind: "seal";
  readonly base: number;
  readonly epoch: number;
}

/** Records before `first` have been truncated away. */
export interface First {
  readonly kind: "first";
  readonly first: number;
}

/** The log was closed, and everything before this batch had been flushed. */
export interface Close {
  readonly kind: "close";
  readonly state: LogState;
}

/** Stands for records that could not be salvaged: its batch takes their offsets. */
export interface Lost {
  readonly kind: "lost";
  readonly count: number;
}

export interface Unknown {
  readonly kind: "unknown";
}

export type Control = Start | Seal | First | Close | Lost | Unknown;

export function encodeControl(control: Exclude<Control, Unknown>): Uint8Array {
  const writer = new ByteWriter(256);
  if (control.kind === "start") encodeStart(writer, control);
  else if (control.kind === "close") {
    writer.u8(controlKind.close);
    encodeState(writer, control.state);
  } else if (control.kind === "first") {
    writer.u8(controlKind.first);
    writer.u64(control.first);
  } else if (control.kind === "lost") {
    writer.u8(controlKind.lost);
    writer.u64(control.count);
  } else {
    writer.u8(controlKind.seal);
    writer.u64(control.base);
    writer.u32(control.epoch);
  }
  return writer.bytes.subarray(0, writer.length);
}

export function decodeControl(reader: ByteReader): Control {
  const kind = reader.u8();
  if (kind === controlKind.start) return decodeStart(reader);
  if (kind === controlKind.close) return { kind: "close", state: decodeState(reader) };
  if (kind === controlKind.first) return { kind: "first", first: reader.u64() };
  if (kind === controlKind.seal) return { kind: "seal", base: reader.u64(), epoch: reader.u32() };
  if (kind === controlKind.lost) return { kind: "lost", count: reader.u64() };
  if (kind >= controlKind.ignorable) return { kind: "unknown" };
  throw new WalError("FORMAT", `cannot read a control record of kind ${kind}: this release does not know it`);
}

function encodeStart(writer: ByteWriter, start: Start): void {
  writer.u8(controlKind.start);
  writer.u8(start.reason);
  writer.u16(start.link === undefined ? 0 : 1);
  writer.u32(start.headerChecksum);
  writer.u64(start.created);
  writer.u32(start.ordinal);
  writer.u32(start.link?.epoch ?? 0);
  writer.u64(start.link?.base ?? 0);
  writer.u32(start.link?.end ?? 0);
  writer.u32(start.link?.checksum ?? 0);
  writer.u64(start.bytesBefore);
  writer.u64(start.carriedNext);
  writer.reserve(start.topic.length * 3 + 8);
  writer.sized(start.topic);
  encodeState(writer, start.state);
}

function decodeStart(reader: ByteReader): Start {
  const reason = reader.u8() as StartReason;
  const linked = reader.u16() === 1;
  const headerChecksum = reader.u32();
  const created = reader.u64();
  const ordinal = reader.u32();
  const link = { epoch: reader.u32(), base: reader.u64(), end: reader.u32(), checksum: reader.u32() };
  const bytesBefore = reader.u64();
  const carriedNext = reader.u64();
  const topic = text(reader.sized());
  const state = decodeState(reader);
  return {
    kind: "start",
    reason,
    headerChecksum,
    created,
    ordinal,
    link: linked ? link : undefined,
    bytesBefore,
    carriedNext,
    topic,
    state,
  };
}

function encodeState(writer: ByteWriter, state: LogState): void {
  writer.reserve(32);
  writer.u64(state.first);
  writer.u64(state.maxTimestamp);
  writer.varint(state.producers.length);
  for (const producer of state.producers) {
    writer.reserve(producer.id.length * 3 + 32 + producer.runs.length * 24);
    writer.sized(producer.id);
    writer.varint(producer.epoch);
    writer.varint(producer.runs.length);
    for (const run of producer.runs) {
      writer.varint(run.sequence);
      writer.varint(run.offset);
      writer.varint(run.count);
    }
  }
}

function decodeState(reader: ByteReader): LogState {
  const first = reader.u64();
  const maxTimestamp = reader.u64();
  const producers: ProducerState[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const id = text(reader.sized());
    const epoch = reader.varint();
    const runs: ProducerRun[] = [];
    for (let more = reader.varint(); more > 0; more--) {
      runs.push({ sequence: reader.varint(), offset: reader.varint(), count: reader.varint() });
    }
    producers.push({ id, epoch, runs });
  }
  return { first, maxTimestamp, producers };
}

function text(bytes: Uint8Array): string {
  try {
    return decodeText(bytes);
  } catch {
    throw malformed("text that is not UTF-8");
  }
}

/** The producer block at the start of a payload whose batch has the attribute `producer`. */
export function encodeProducer(writer: ByteWriter, id: Uint8Array, epoch: number, sequence: number): void {
  writer.reserve(limit.producerIdBytes + 32);
  writer.sized(id);
  writer.varint(epoch);
  writer.varint(sequence);
}

export function decodeProducer(reader: ByteReader): { id: string; epoch: number; sequence: number } {
  return { id: text(reader.sized()), epoch: reader.varint(), sequence: reader.varint() };
}
