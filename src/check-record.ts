/** Checks what a caller wants to append, before a byte of it is encoded. */
import { limit } from "./format/layout.ts";
import { assertWellFormed, encodeText } from "./format/text.ts";
import { checkInteger, describe } from "./options.ts";
import type { Producer, RecordInput } from "./record.ts";

/** Throws a TypeError or RangeError that names what is wrong. */
export function checkRecord(record: RecordInput): void {
  if (typeof record !== "object" || record === null || record instanceof Uint8Array) {
    throw new TypeError(
      `a record must be an object such as { key, value, headers }, not ${describe(record)}`,
    );
  }
  const { key, value, headers, timestamp, kind } = record;
  if (key !== undefined) checkBytes("key", key);
  if (value !== undefined) checkBytes("value", value);
  if (timestamp !== undefined) checkInteger("timestamp", timestamp, 0, limit.offset);
  if (kind !== undefined) checkInteger("kind", kind, 0, limit.kind);
  if (headers !== undefined) checkHeaders(headers);
}

export function checkRecords(records: readonly RecordInput[]): void {
  if (!Array.isArray(records))
    throw new TypeError(`a batch must be an array of records, not ${describe(records)}`);
  for (const record of records) checkRecord(record);
}

export function checkProducer(producer: Producer): void {
  if (typeof producer !== "object" || producer === null) {
    throw new TypeError(`producer must be an object { id, epoch, sequence }, not ${describe(producer)}`);
  }
  const { id, epoch, sequence } = producer;
  if (typeof id !== "string") throw new TypeError(`producer.id must be a string, not ${describe(id)}`);
  assertWellFormed(id, "producer.id");
  const { length } = encodeText(id);
  if (length === 0 || length > limit.producerIdBytes) {
    throw new RangeError(`producer.id must take 1 to ${limit.producerIdBytes} bytes of UTF-8, not ${length}`);
  }
  checkInteger("producer.epoch", epoch, 0, limit.offset);
  checkInteger("producer.sequence", sequence, 0, limit.offset);
}

function checkHeaders(headers: Readonly<Record<string, unknown>>): void {
  if (!isPlainObject(headers)) {
    throw new TypeError(`headers must be an object of names and values, not ${describe(headers)}`);
  }
  for (const name of Object.keys(headers)) {
    assertWellFormed(name, "the name of a header");
    checkBytes(`header ${name}`, headers[name]);
  }
}

/** Not a Map, a Headers or an array, whose entries are not its properties. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function checkBytes(what: string, bytes: unknown): void {
  if (typeof bytes === "string") assertWellFormed(bytes, what);
  else if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`${what} must be a string or a Uint8Array, not ${describe(bytes)}`);
  }
}
