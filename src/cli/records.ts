/** Records as text, as JSON and in hexadecimal, and back from JSON. */
import { Buffer } from "node:buffer";
import type { LogRecord, RecordInput } from "../record.ts";
import { UsageError } from "./command.ts";
import type { Output } from "./output.ts";
import { shownText, textOf, timeText } from "./text.ts";

export const formats = ["text", "json", "hex"] as const;
export type Format = (typeof formats)[number];

/** Bytes that are no text. */
interface Base64 {
  readonly base64: string;
}

export function recordJson(record: LogRecord): Record<string, unknown> {
  const { offset, timestamp, kind, key, value, headers, durable } = record;
  const names = Object.keys(headers);
  return {
    offset,
    timestamp,
    ...(kind !== 0 && { kind }),
    ...(key !== undefined && { key: bytesJson(key) }),
    value: bytesJson(value),
    ...(names.length > 0 && {
      headers: Object.fromEntries(names.map((name) => [name, bytesJson(headers[name]!)])),
    }),
    ...(!durable && { durable }),
  };
}

/** A record as `recordJson` makes them; what the log decides itself is left out. */
export function recordOfJson(line: string): RecordInput {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new UsageError(`this is no JSON: ${line.slice(0, 60)}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(
      `a record must be an object such as {"key":"a","value":"b"}, not ${line.slice(0, 60)}`,
    );
  }
  const { key, value, headers, timestamp, kind } = parsed as Record<string, never>;
  const named = Object.entries((headers ?? {}) as Record<string, unknown>);
  return {
    key: bytesOfJson(key),
    value: bytesOfJson(value),
    headers: Object.fromEntries(named.map(([name, each]) => [name, bytesOfJson(each)!])),
    timestamp,
    kind,
  };
}

export function recordText(record: LogRecord, { paint }: Output): string {
  const { offset, timestamp, kind, key, value, headers, durable } = record;
  const parts = [String(offset), paint.dim(timeText(timestamp))];
  if (!durable) parts.push(paint.yellow("not proven to be flushed"));
  if (kind !== 0) parts.push(paint.dim(`kind=${kind}`));
  if (key !== undefined) parts.push(paint.bold(`key=${shownText(key)}`));
  for (const name of Object.keys(headers)) parts.push(paint.dim(`${name}=${shownText(headers[name]!)}`));
  return [...parts, shownText(value)].join("  ");
}

const rowBytes = 16;

export function recordHex(record: LogRecord, output: Output): string {
  const { key, value, headers } = record;
  const lines = [
    recordText({ ...record, key: undefined, headers: {}, value: new Uint8Array(0) }, output).trimEnd(),
  ];
  if (key !== undefined) lines.push("  key", ...hexRows(key));
  for (const name of Object.keys(headers)) lines.push(`  header ${name}`, ...hexRows(headers[name]!));
  lines.push("  value", ...hexRows(value));
  return lines.join("\n");
}

function hexRows(bytes: Uint8Array): string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += rowBytes) {
    const row = bytes.subarray(at, at + rowBytes);
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const plain = Array.from(row, (byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".",
    ).join("");
    rows.push(`    ${String(at).padStart(6)}  ${hex.padEnd(rowBytes * 3 - 1)}  ${plain}`);
  }
  return rows;
}

function bytesJson(bytes: Uint8Array): string | Base64 {
  return textOf(bytes) ?? { base64: Buffer.from(bytes).toString("base64") };
}

function bytesOfJson(value: unknown): string | Uint8Array | undefined {
  if (typeof value !== "object" || value === null) return (value ?? undefined) as string | undefined;
  const { base64 } = value as Partial<Base64>;
  if (typeof base64 === "string") return new Uint8Array(Buffer.from(base64, "base64"));
  // Whoever has JSON values means the text of them.
  return JSON.stringify(value);
}
