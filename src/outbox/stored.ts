/** How a pushed record is stored: as it is, with one header more that says who it is to the other side. */
import type { LogRecord, RecordInput } from "../index.ts";
import type { Bytes } from "../record.ts";
import type { Entry } from "./lanes.ts";
import { lengthOf, textOf } from "./text.ts";
import { sizeOf } from "./ledger.ts";

/** Names beginning with this are ours. */
export const reservedPrefix = "walkabout-";
const numberHeader = "walkabout-number";

export interface Numbered {
  readonly lane: number;
  readonly sequence: number;
  /** When it was pushed. */
  readonly pushed: number;
  /** The offset of the dead letter that it was. */
  readonly letter?: number | undefined;
}

export function stored(record: RecordInput, { lane, sequence, pushed, letter }: Numbered): RecordInput {
  const number = [lane, sequence, pushed, ...(letter === undefined ? [] : [letter])].join(":");
  return { ...record, headers: { ...record.headers, [numberHeader]: number } };
}

/** What a record takes from the budget. */
export function bytesOf({ key, value, headers = {} }: RecordInput): number {
  const named = Object.entries(headers).reduce((sum, [name, each]) => sum + name.length + lengthOf(each), 0);
  return lengthOf(key) + lengthOf(value) + named;
}

export function numberOf({ headers }: LogRecord): Numbered | undefined {
  const header = headers[numberHeader];
  const parts = header === undefined ? [] : textOf(header).split(":").map(Number);
  if (parts.length < 3 || !parts.every(Number.isSafeInteger)) return undefined;
  const [lane, sequence, pushed, letter] = parts as [number, number, number, number?];
  return { lane, sequence, pushed, letter };
}

export function entryOf(record: LogRecord, { lane, sequence, pushed }: Numbered): Entry {
  const { offset, key } = record;
  const text = key === undefined ? undefined : textOf(key);
  const bytes = sizeOf({ ...record, headers: withoutReserved(record.headers) });
  return { offset, lane, sequence, key: text, pushed, bytes, attempts: 0 };
}

/** The headers that the user gave. */
export function withoutReserved<T extends Bytes>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(reservedPrefix)));
}
