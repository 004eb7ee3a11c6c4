/**
 * One record in bytes:
 *
 *     flags u8 | kind u8? | timestamp delta varint? | key? | headers? | value
 *
 * A key and a value are a varint length and their bytes; headers are a varint count, then a name
 * and a value each. The offset is not stored: records of a batch are dense.
 */
import type { LogRecord, RecordInput } from "../record.ts";
import { ByteReader, type ByteWriter, malformed } from "./bytes.ts";
import { WalError } from "../errors.ts";
import { recordFlag } from "./layout.ts";
import { decodeText } from "./text.ts";

const knownFlags =
  recordFlag.key | recordFlag.headers | recordFlag.kind | recordFlag.later | recordFlag.earlier;

const noHeaders: Readonly<Record<string, Uint8Array>> = Object.freeze(Object.create(null));

/** Most bytes that the numbers of a record and of one header can take. */
const recordOverheadMax = 40;
const headerOverheadMax = 16;

/** An upper bound of what `encodeRecord` writes. */
export function encodedSizeMax(record: RecordInput): number {
  let size = recordOverheadMax + sizeMax(record.key) + sizeMax(record.value);
  if (record.headers !== undefined) {
    for (const name of Object.keys(record.headers)) {
      size += headerOverheadMax + name.length * 3 + sizeMax(record.headers[name]);
    }
  }
  return size;
}

/** Writes one valid record. `writer` has room for `encodedSizeMax`. */
export function encodeRecord(
  writer: ByteWriter,
  record: RecordInput,
  timestamp: number,
  baseTimestamp: number,
): void {
  const { key, headers, value } = record;
  const kind = record.kind ?? 0;
  const names = headers === undefined ? undefined : Object.keys(headers);
  let flags = 0;
  if (key !== undefined) flags |= recordFlag.key;
  if (names !== undefined && names.length > 0) flags |= recordFlag.headers;
  if (kind !== 0) flags |= recordFlag.kind;
  if (timestamp > baseTimestamp) flags |= recordFlag.later;
  if (timestamp < baseTimestamp) flags |= recordFlag.earlier;
  writer.u8(flags);
  if (flags & recordFlag.kind) writer.u8(kind);
  if (timestamp !== baseTimestamp) writer.varint(Math.abs(timestamp - baseTimestamp));
  if (key !== undefined) writer.sized(key);
  if (flags & recordFlag.headers) {
    writer.varint(names!.length);
    for (const name of names!) {
      writer.sized(name);
      writer.sized(headers![name]!);
    }
  }
  writer.sized(value ?? "");
}

/** Moves `reader` behind one record and answers where its value begins. */
export function skipRecord(reader: ByteReader): number {
  const { bytes, at } = reader;
  const short = bytes[at + 1]!;
  // The most common record: a short value, and nothing else.
  if (bytes[at] === 0 && short < 128 && at + 2 + short <= reader.end) {
    reader.at = at + 2 + short;
    return at + 2;
  }
  const flags = readFlags(reader);
  if (flags & recordFlag.kind) reader.u8();
  if (flags & (recordFlag.later | recordFlag.earlier)) reader.varint();
  if (flags & recordFlag.key) reader.skip(reader.varint());
  if (flags & recordFlag.headers) {
    for (let left = reader.varint(); left > 0; left--) {
      reader.skip(reader.varint());
      reader.skip(reader.varint());
    }
  }
  const length = reader.varint();
  const start = reader.at;
  reader.skip(length);
  return start;
}

export function decodeRecord(
  reader: ByteReader,
  offset: number,
  baseTimestamp: number,
  durable: boolean,
): LogRecord {
  const flags = readFlags(reader);
  const kind = flags & recordFlag.kind ? reader.u8() : 0;
  let timestamp = baseTimestamp;
  if (flags & recordFlag.later) timestamp += reader.varint();
  if (flags & recordFlag.earlier) timestamp -= reader.varint();
  const key = flags & recordFlag.key ? reader.sized() : undefined;
  const headers = flags & recordFlag.headers ? decodeHeaders(reader) : noHeaders;
  return { offset, timestamp, kind, key, value: reader.sized(), headers, durable };
}

/** Moves `reader` behind one record and answers its timestamp. */
export function skipToTimestamp(reader: ByteReader, baseTimestamp: number): number {
  const start = reader.at;
  const flags = readFlags(reader);
  if (flags & recordFlag.kind) reader.u8();
  let timestamp = baseTimestamp;
  if (flags & recordFlag.later) timestamp += reader.varint();
  if (flags & recordFlag.earlier) timestamp -= reader.varint();
  reader.at = start;
  skipRecord(reader);
  return timestamp;
}

function readFlags(reader: ByteReader): number {
  const flags = reader.u8();
  if ((flags & ~knownFlags) !== 0) {
    throw new WalError(
      "FORMAT",
      `cannot decode a record: its flags 0x${flags.toString(16)} hold an unknown bit`,
    );
  }
  return flags;
}

function decodeHeaders(reader: ByteReader): Record<string, Uint8Array> {
  const headers: Record<string, Uint8Array> = Object.create(null);
  for (let left = reader.varint(); left > 0; left--) {
    const name = reader.sized();
    headers[decodeName(name)] = reader.sized();
  }
  return headers;
}

function decodeName(name: Uint8Array): string {
  try {
    return decodeText(name);
  } catch {
    throw malformed("a header name that is not UTF-8");
  }
}

function sizeMax(bytes: string | Uint8Array | undefined): number {
  if (bytes === undefined) return 0;
  return typeof bytes === "string" ? bytes.length * 3 : bytes.length;
}
