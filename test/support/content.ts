/**
 * What is in a log, and in the files under it, as plain values that tests can compare: every field of
 * every record, byte for byte.
 */
import type { Bytes, Log, LogReader, LogRecord, RecordInput, Storage } from "../../src/index.ts";

/** Everything of a record, as one line. */
export function lineOf(record: LogRecord): string {
  const { offset, timestamp, kind, key, value, headers } = record;
  return lineOfParts(offset, timestamp, kind, key, value, Object.entries(headers));
}

/** The line that a record must come back as. */
export function expectedLine(record: RecordInput, offset: number, timestamp: number): string {
  const { kind = 0, key, value = "", headers = {} } = record;
  return lineOfParts(offset, timestamp, kind, key, value, Object.entries(headers));
}

export async function linesOf(
  log: Log | LogReader,
  range: { from?: number; to?: number } = {},
): Promise<string[]> {
  const lines: string[] = [];
  for await (const record of log.read(range)) lines.push(lineOf(record));
  return lines;
}

/** Only the values, as text. */
export async function valuesOf(log: Log | LogReader): Promise<string[]> {
  const values: string[] = [];
  for await (const record of log.read()) values.push(new TextDecoder().decode(record.value));
  return values;
}

/** The counters and the values: what must be the same before and after something that failed. */
export async function summaryOf(log: Log): Promise<Summary> {
  return { first: log.first, next: log.next, durable: log.durable, values: await valuesOf(log) };
}

export interface Summary {
  readonly first: number;
  readonly next: number;
  readonly durable: number;
  readonly values: readonly string[];
}

/** The bytes of every file of a place, by name. */
export async function filesOf(storage: Storage, path: readonly string[]): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const place = await storage.open(path, { mode: "read" });
  if (place === undefined) return files;
  for (const name of (await place.list()).toSorted()) {
    const file = await place.open(name);
    const bytes = new Uint8Array(await file.size());
    await file.read(bytes, 0);
    await file.close();
    files.set(name, bytes);
  }
  await place.close();
  return files;
}

/** Files as text that differs when a byte differs. */
export function printed(files: ReadonlyMap<string, Uint8Array>): string[] {
  return [...files].map(([name, bytes]) => `${name} ${hex(bytes)}`);
}

function lineOfParts(
  offset: number,
  timestamp: number,
  kind: number,
  key: Bytes | undefined,
  value: Bytes,
  headers: [string, Bytes][],
): string {
  const pairs = headers.map(([name, bytes]) => `${JSON.stringify(name)}:${hex(bytes)}`);
  const keyText = key === undefined ? "none" : `<${hex(key)}>`;
  return `${offset} at ${timestamp} kind ${kind} key ${keyText} headers {${pairs.join()}} value <${hex(value)}>`;
}

function hex(bytes: Bytes): string {
  const array = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("hex");
}
