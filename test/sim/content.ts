/**
 * Records that can be told from each other: everything in one follows from its number, so that the model
 * knows every byte of it without asking the log.
 */
import type { LogRecord, Producer, RecordInput } from "../../src/index.ts";

const text = new TextEncoder();

/** The record of a number: with and without key, headers, kind, of many sizes, and at jumping times. */
export function recordOf(number: number, producer?: Producer): RecordInput {
  const name = producer === undefined ? `${number}` : `${producer.id}/${producer.epoch}/${producer.sequence}`;
  const size = [0, 3, 11, 40, 130][number % 5]!;
  return {
    value: name + ".".repeat(size),
    timestamp: 1_600_000_000_000 + ((number * 7919) % 1000),
    kind: number % 7 === 3 ? 9 : 0,
    ...(number % 3 === 0 && { key: number % 2 === 0 ? "" : `key ${number % 4}` }),
    ...(number % 4 === 1 && { headers: { of: `${number % 9}` } }),
  };
}

/** Everything of a record but its offset, as one line. Producers' lines begin with `~`. */
export function lineOf(record: LogRecord | RecordInput, isProduced = false): string {
  const { timestamp, kind = 0, key, value, headers = {} } = record;
  const pairs = Object.entries(headers).map(([name, bytes]) => `${name}=${hex(bytes)}`);
  const mark = isProduced || plainText(value).includes("/") ? "~" : "";
  return `${mark}${plainText(value)} at ${timestamp} kind ${kind} key ${key === undefined ? "none" : hex(key)} ${pairs}`;
}

/** The part of a line that a person wants to see. */
export function short(line: string): string {
  return line.slice(0, line.indexOf(" ")).replace(/\.+$/, "");
}

function hex(bytes: string | Uint8Array | undefined): string {
  return `<${plainText(bytes)}>`;
}

/** Text byte by byte, so that no two byte strings look the same. */
function plainText(bytes: string | Uint8Array | undefined): string {
  const array = typeof bytes === "string" || bytes === undefined ? text.encode(bytes ?? "") : bytes;
  return String.fromCharCode(...array);
}
