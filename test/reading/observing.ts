/**
 * Readers without the lock, beside a writer on the same machine. They look again without waiting between two
 * looks, so that no test depends on a clock.
 */
import { onTestFinished } from "vitest";
import { type LogReader, type LogRecord, openReader } from "../../src/index.ts";
import { type Machine, topic } from "../support/machine.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function observe(machine: Machine): Promise<LogReader> {
  const reader = await openReader({ storage: { ...machine.storage, sleep: nextTurn }, topic });
  onTestFinished(() => reader.close());
  return reader;
}

/** The values, each with an exclamation mark where it is proven that the record was flushed. */
export async function marked(reader: LogReader, from = reader.first): Promise<string[]> {
  const values: string[] = [];
  for await (const { value, durable } of reader.read({ from })) {
    values.push(new TextDecoder().decode(value) + (durable ? "!" : ""));
  }
  return values;
}

/** Looks again until nothing changes. */
export async function settled(reader: LogReader): Promise<LogReader> {
  while (await reader.refresh());
  return reader;
}

export const offsetsOf = (records: readonly LogRecord[]): number[] => records.map(({ offset }) => offset);
