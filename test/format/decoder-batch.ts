/**
 * The middle layer of the stranger's decoder: the header of one batch, and what its payload holds. A
 * payload is a list of records or one control record. Written from FORMAT.md alone.
 */
import { Cursor, Misfit, xxHash32 } from "./decoder-bytes.ts";

export const HEADER_BYTES = 64;
export const PAYLOAD_MAX = 2 ** 28;

export interface BatchHeader {
  checksum: number;
  length: number;
  position: number;
  epoch: number;
  base: number;
  count: number;
  attributes: number;
  baseTimestamp: number;
  maxTimestamp: number;
  payloadChecksum: number;
  previous: number;
  watermark: number;
}

export interface PlainRecord {
  offset: number;
  timestamp: number;
  kind: number;
  key: Uint8Array | undefined;
  headers: [name: string, value: Uint8Array][];
  value: Uint8Array;
  producer: { id: string; epoch: number; sequence: number } | undefined;
}

export interface State {
  first: number;
  highestTimestamp: number;
  producers: { id: string; epoch: number; runs: { sequence: number; offset: number; count: number }[] }[];
}

export interface Start {
  is: "start";
  reason: number;
  headerChecksum: number;
  created: number;
  ordinal: number;
  link: { epoch: number; base: number; end: number; checksum: number } | undefined;
  bytesBefore: number;
  carriedNext: number;
  topic: string;
  state: State;
}

export type Control =
  | Start
  | { is: "seal"; base: number; epoch: number }
  | { is: "first"; first: number }
  | { is: "close"; state: State; size: number }
  | { is: "lost"; count: number }
  | { is: "unknown"; kind: number };

export interface Batch extends BatchHeader {
  /** Where the next batch begins. */
  end: number;
  control: Control | undefined;
  records: PlainRecord[];
}

/** The header at a position, if 64 bytes with the right checksum that say this position lie there. */
export function headerAt(file: Uint8Array, position: number): BatchHeader | undefined {
  if (position + HEADER_BYTES > file.length) return undefined;
  const bytes = file.subarray(position, position + HEADER_BYTES);
  const cursor = new Cursor(bytes);
  const checksum = cursor.u32();
  if (xxHash32(bytes.subarray(4)) !== checksum) return undefined;
  const [length, place, epoch] = [cursor.u32(), cursor.u32(), cursor.u32()];
  if (place !== position) return undefined;
  try {
    const [base, count, attributes, zero] = [cursor.u64(), cursor.u32(), cursor.u16(), cursor.u16()];
    const [baseTimestamp, maxTimestamp] = [cursor.u64(), cursor.u64()];
    const [payloadChecksum, previous, watermark, nought] = Array.from({ length: 4 }, () => cursor.u32());
    if (zero + nought !== 0 || length % 8 !== 0 || length > PAYLOAD_MAX) return undefined;
    if (maxTimestamp < baseTimestamp || watermark > position) return undefined;
    const times = { baseTimestamp, maxTimestamp };
    const rest = { payloadChecksum, previous, watermark };
    return { checksum, length, position, epoch, base, count, attributes, ...times, ...rest };
  } catch {
    return undefined;
  }
}

/** The batch of a header, if its payload lies in the file and is whole. */
export function batchOf(file: Uint8Array, header: BatchHeader): Batch | undefined {
  if (header.attributes > 3) throw new Misfit("format", `attributes ${header.attributes}`);
  const begin = header.position + HEADER_BYTES;
  const end = begin + header.length;
  if (end > file.length) return undefined;
  const payload = file.subarray(begin, end);
  if (xxHash32(payload) !== header.payloadChecksum) return undefined;
  if ((header.attributes & 1) !== 0)
    return { ...header, end, control: controlOf(payload, header), records: [] };
  return { ...header, end, control: undefined, records: recordsOf(payload, header) };
}

function recordsOf(payload: Uint8Array, header: BatchHeader): PlainRecord[] {
  const cursor = new Cursor(payload);
  const block =
    (header.attributes & 2) === 0
      ? undefined
      : { id: cursor.text(), epoch: cursor.varint(), sequence: cursor.varint() };
  const records: PlainRecord[] = [];
  for (let i = 0; i < header.count; i++) records.push(recordOf(cursor, header, i, block));
  if (cursor.left > 7 || cursor.take(cursor.left).some((byte) => byte !== 0))
    throw new Misfit("damage", "what lies behind the last record is not padding");
  return records;
}

function recordOf(
  cursor: Cursor,
  header: BatchHeader,
  index: number,
  block: PlainRecord["producer"],
): PlainRecord {
  const flags = cursor.u8();
  if (flags > 31) throw new Misfit("format", `record flags ${flags}`);
  const has = (flag: number) => (flags & flag) !== 0;
  const kind = has(4) ? cursor.u8() : 0;
  const delta = has(8) || has(16) ? cursor.varint() : 0;
  const key = has(1) ? cursor.sized() : undefined;
  const headers: PlainRecord["headers"] = [];
  if (has(2))
    for (let left = cursor.varint(); left > 0; left--) headers.push([cursor.text(), cursor.sized()]);
  const value = cursor.sized();
  const timestamp = header.baseTimestamp + (has(16) ? -delta : delta);
  if (kind > 127 || timestamp < 0 || timestamp > header.maxTimestamp || (has(8) && has(16)))
    throw new Misfit("damage", "a record that does not keep to the table");
  if (new Set(headers.map(([name]) => name)).size !== headers.length)
    throw new Misfit("damage", "a header name that comes twice");
  const producer = block && { ...block, sequence: block.sequence + index };
  return { offset: header.base + index, timestamp, kind, key, headers, value, producer };
}

function controlOf(payload: Uint8Array, header: BatchHeader): Control {
  const cursor = new Cursor(payload);
  const kind = cursor.u8();
  if (kind >= 1 && kind <= 4 && header.count !== 0)
    throw new Misfit("damage", "offsets for a control record");
  if (kind === 1) return startOf(cursor);
  if (kind === 2) return { is: "seal", base: cursor.u64(), epoch: cursor.u32() };
  if (kind === 3) return { is: "first", first: cursor.u64() };
  if (kind === 4) {
    const state = stateOf(cursor);
    const size = new Cursor(payload, payload.length - 4).u32();
    if (cursor.left < 4 || size !== payload.length + HEADER_BYTES)
      throw new Misfit("damage", "the size of a close");
    return { is: "close", state, size };
  }
  if (kind === 5) {
    const count = cursor.u64();
    if (count !== header.count) throw new Misfit("damage", "the count of a lost range");
    return { is: "lost", count };
  }
  if (kind < 128) throw new Misfit("format", `control kind ${kind}`);
  return { is: "unknown", kind };
}

function startOf(cursor: Cursor): Start {
  const [reason, linked, headerChecksum] = [cursor.u8(), cursor.u16(), cursor.u32()];
  const [created, ordinal] = [cursor.u64(), cursor.u32()];
  const link = { epoch: cursor.u32(), base: cursor.u64(), end: cursor.u32(), checksum: cursor.u32() };
  const [bytesBefore, carriedNext, topic] = [cursor.u64(), cursor.u64(), cursor.text()];
  const state = stateOf(cursor);
  if (linked > 1 || (linked === 0 && link.epoch + link.base + link.end + link.checksum !== 0))
    throw new Misfit("damage", "a link that is none");
  const rest = { bytesBefore, carriedNext, topic, state };
  return {
    is: "start",
    reason,
    headerChecksum,
    created,
    ordinal,
    link: linked === 1 ? link : undefined,
    ...rest,
  };
}

function stateOf(cursor: Cursor): State {
  const state: State = { first: cursor.u64(), highestTimestamp: cursor.u64(), producers: [] };
  for (let left = cursor.varint(); left > 0; left--) {
    const producer: State["producers"][number] = { id: cursor.text(), epoch: cursor.varint(), runs: [] };
    state.producers.push(producer);
    for (let runs = cursor.varint(); runs > 0; runs--)
      producer.runs.push({ sequence: cursor.varint(), offset: cursor.varint(), count: cursor.varint() });
  }
  return state;
}
