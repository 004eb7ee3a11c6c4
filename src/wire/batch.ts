/**
 * What an outbox sends and a receiver takes: successive records of one lane, as JSON, so that a server in any
 * language can take them as well. Bytes that are UTF-8 travel as text, others as `{ "base64": "…" }`.
 */
import type { Bytes } from "../record.ts";
import { bytesOfBase64, base64Of, textOrNothing } from "./base64.ts";

export interface WireRecord {
  readonly key?: Bytes | undefined;
  readonly value: Bytes;
  readonly headers?: Readonly<Record<string, Bytes>> | undefined;
  readonly timestamp: number;
}

export interface WireBatch {
  /** Who sends it: 1 to 64 letters, digits, `-` or `_`. */
  readonly outbox: string;
  readonly incarnation: number;
  readonly lane: number;
  /** Of the first record; the others follow it. */
  readonly sequence: number;
  readonly records: readonly WireRecord[];
}

/** A body that is no batch, with the reason as its message. */
export class MalformedBatch extends Error {
  override readonly name = "MalformedBatch";
}

export function encodeBatch({ records, ...rest }: WireBatch): string {
  return JSON.stringify({ ...rest, records: records.map(encodeRecord) });
}

/** Throws {@link MalformedBatch}. */
export function decodeBatch(text: string, recordsMax: number): WireBatch {
  const { outbox, incarnation, lane, sequence, records } = objectOf(parsed(text), "the body");
  if (typeof outbox !== "string" || !/^[\w-]{1,64}$/.test(outbox)) {
    throw new MalformedBatch("outbox must be 1 to 64 letters, digits, - or _");
  }
  if (!Array.isArray(records) || records.length === 0) {
    throw new MalformedBatch("records must be an array that is not empty");
  }
  if (records.length > recordsMax) {
    throw new MalformedBatch(`there are ${records.length} records, and at most ${recordsMax} are taken`);
  }
  return {
    outbox,
    incarnation: integerOf(incarnation, "incarnation", integerMax),
    lane: integerOf(lane, "lane", lanesMax - 1),
    sequence: integerOf(sequence, "sequence", integerMax - records.length),
    records: records.map((record, index) => decodeRecord(record, `records[${index}]`)),
  };
}

const integerMax = Number.MAX_SAFE_INTEGER;
/** Each lane is a producer that the receiver has to remember. */
const lanesMax = 64;

function encodeRecord({ key, value, headers = {}, timestamp }: WireRecord): object {
  const named = Object.entries(headers).map(([name, each]) => [name, encodeBytes(each)]);
  return {
    ...(key !== undefined && { key: encodeBytes(key) }),
    value: encodeBytes(value),
    ...(named.length > 0 && { headers: Object.fromEntries(named) }),
    timestamp,
  };
}

function encodeBytes(bytes: Bytes): string | { base64: string } {
  if (typeof bytes === "string") return bytes;
  return textOrNothing(bytes) ?? { base64: base64Of(bytes) };
}

function decodeRecord(given: unknown, what: string): WireRecord {
  const { key, value, headers, timestamp } = objectOf(given, what);
  const named =
    headers === undefined
      ? []
      : Object.entries(objectOf(headers, `${what}.headers`)).map(([name, each]) => {
          return [wellFormed(name, `${what}.headers`), decodeBytes(each, `${what}.headers`)] as const;
        });
  return {
    ...(key !== undefined && { key: decodeBytes(key, `${what}.key`) }),
    value: decodeBytes(value, `${what}.value`),
    headers: Object.fromEntries(named),
    timestamp: integerOf(timestamp, `${what}.timestamp`, integerMax),
  };
}

function decodeBytes(given: unknown, what: string): Bytes {
  if (typeof given === "string") return wellFormed(given, what);
  const base64 = typeof given === "object" && given !== null && "base64" in given ? given.base64 : undefined;
  const bytes = typeof base64 === "string" ? bytesOfBase64(base64) : undefined;
  if (bytes !== undefined) return bytes;
  throw new MalformedBatch(`${what} must be text, or { "base64": … }`);
}

function wellFormed(text: string, what: string): string {
  if ((text as string & { isWellFormed(): boolean }).isWellFormed()) return text;
  throw new MalformedBatch(`${what} holds a lone surrogate, which has no UTF-8`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedBatch("the body is no JSON");
  }
}

function objectOf(given: unknown, what: string): Record<string, unknown> {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) {
    return given as Record<string, unknown>;
  }
  throw new MalformedBatch(`${what} must be an object`);
}

function integerOf(given: unknown, what: string, max: number): number {
  if (Number.isSafeInteger(given) && (given as number) >= 0 && (given as number) <= max)
    return given as number;
  throw new MalformedBatch(`${what} must be a whole number from 0 to ${max}`);
}
