/** What the checks of the log have in common: opening it, filling it, and looking what is in it. */
import {
  type Bytes,
  type Log,
  type LogReader,
  openLog,
  type OpenLogOptions,
  openReader,
  type RecordInput,
} from "../../index.ts";
import { type WalError, type WalErrorCode } from "../../errors.ts";
import type { Bench } from "../bench.ts";
import type { Clause } from "../clause.ts";
import { demand, demandFailure, demandSame, demandSameBytes, messageOf } from "../demand.ts";
import * as contract from "./contract.ts";

export const topic = "conformance";

export type LogOptions = Partial<Omit<OpenLogOptions, "topic">>;

/** Opens the log that the check works on. It is closed when the check is over. */
export async function openedLog(bench: Bench, options: LogOptions = {}): Promise<Log> {
  return bench.keep(await openLog({ storage: bench.storage, topic, ...options }));
}

/** Closes everything and opens the log again. */
export async function reopenedLog(bench: Bench, options: LogOptions = {}): Promise<Log> {
  await bench.closeAll();
  return openedLog(bench, options);
}

export async function openedReader(bench: Bench): Promise<LogReader> {
  return bench.keep(await openReader({ storage: bench.storage, topic }));
}

/** A value that says its number, and has some length. */
export function valueOf(number: number, length = 20): string {
  return `value ${number} `.padEnd(length, "abcdefghijklmnopqrstuvwxyz0123456789");
}

/** Appends the values with these numbers one by one. */
export async function appendValues(log: Log, from: number, to: number, length?: number): Promise<void> {
  for (let number = from; number < to; number++) await log.append({ value: valueOf(number, length) });
}

/** The text of bytes that hold nothing but ASCII. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCodePoint(byte);
  return text;
}

/** The bytes of a text that holds nothing but ASCII. */
export function bytesOf(value: Bytes): Uint8Array {
  return typeof value === "string" ? Uint8Array.from(value, (letter) => letter.codePointAt(0)!) : value;
}

/** The values of all records, each as text, which must have the offsets from `log.first` on. */
export async function valuesOf(log: Log | LogReader, from = log.first): Promise<string[]> {
  const found: string[] = [];
  for await (const record of log.read({ from })) {
    demandSame(
      record.offset,
      from + found.length,
      contract.promise.dense,
      "the offset of a record that was read",
    );
    found.push(textOf(record.value));
  }
  return found;
}

/** The log must hold `values` from the offset `first` on, and nothing else. */
export async function demandValues(
  log: Log | LogReader,
  first: number,
  expected: readonly string[],
  clause: Clause,
): Promise<void> {
  demandSame(log.first, first, clause, "log.first");
  const found = await valuesOf(log);
  demandSame(found.length, expected.length, clause, "the number of records in the log");
  for (const [index, value] of expected.entries()) {
    demandSame(found[index], value, clause, `the value at offset ${first + index}`);
  }
}

/** The values with these numbers. */
export function values(from: number, to: number, length?: number): string[] {
  return Array.from({ length: to - from }, (_, index) => valueOf(from + index, length));
}

/** A record must have come back as it went in. */
export function demandRecord(
  actual: { readonly [K in keyof RecordInput]: RecordInput[K] },
  expected: RecordInput,
  at: number,
): void {
  const what = (field: string): string => `${field} of the record at offset ${at}`;
  const clause = contract.record.same;
  demandSame(actual.kind, expected.kind ?? 0, clause, what("the kind"));
  if (expected.timestamp !== undefined)
    demandSame(actual.timestamp, expected.timestamp, clause, what("the timestamp"));
  demandSame(
    actual.key === undefined,
    expected.key === undefined,
    contract.record.key,
    `whether ${what("the key")} is absent`,
  );
  if (expected.key !== undefined)
    demandSameBytes(bytesOf(actual.key!), bytesOf(expected.key), clause, what("the key"));
  demandSameBytes(bytesOf(actual.value!), bytesOf(expected.value ?? ""), clause, what("the value"));
  const headers = Object.entries(expected.headers ?? {});
  demandSame(Object.keys(actual.headers!).length, headers.length, clause, what("the number of headers"));
  for (const [name, value] of headers) {
    const found = actual.headers![name];
    demand(found !== undefined, clause, () => `${what(`the header ${name}`)} is missing.`);
    demandSameBytes(bytesOf(found), bytesOf(value), clause, what(`the header ${name}`));
  }
}

/** `action` must fail with a `WalError` that has `code`. */
export async function demandCode(
  action: () => unknown,
  code: WalErrorCode,
  clause: Clause,
  what: string,
): Promise<WalError> {
  const error = await demandFailure(action, clause, what);
  const found = (error as Partial<WalError>).code;
  demand(
    found === code,
    clause,
    () => `${what} failed with ${found ?? "no code"} instead of ${code}: ${messageOf(error)}.`,
  );
  return error as WalError;
}
