/**
 * Opens a log, reports what is in it, and then appends for as long as it lives, telling each acknowledgement to
 * the server of tests before anything else.
 */
import { indexedDbStorage } from "../../../adapters/indexeddb/storage.ts";
import { opfsStorage } from "../../../adapters/opfs/storage.ts";
import { type Log, openLog, type Storage } from "../../../src/index.ts";
import { hasParameter, parameter, report } from "./report.ts";

export async function runAppender(store: string): Promise<void> {
  const log = await openLog({
    storage: storageOf(store),
    topic: "acks",
    lockWaitMs: 10_000,
    segment: { maxBytes: 20_000 },
    retention: { maxBytes: 300_000 },
  });
  await report({ type: "opened", store, first: log.first, values: await valuesOf(log) });
  if (parameter("mode") === "read") {
    await log.close();
    await report({ type: "closed", store });
    return;
  }
  const appenders = [1, 2, 3].map((number) => appendForEver(log, store, number));
  await Promise.all(appenders);
}

async function appendForEver(log: Log, store: string, number: number): Promise<void> {
  for (let count = 0; ; count++) {
    const value = `${parameter("run")} ${number} ${count} ${"x".repeat((count * 37) % 400)}`;
    const { offset, durability } = await log.append({ value });
    await report({ type: "ack", store, offset, value, durability });
  }
}

async function valuesOf(log: Log): Promise<string[]> {
  const values: string[] = [];
  const decoder = new TextDecoder();
  for await (const batch of log.readBatches()) {
    for (const { value } of batch) values.push(decoder.decode(value));
  }
  return values;
}

function storageOf(store: string): Storage {
  if (store === "indexeddb") return indexedDbStorage();
  return opfsStorage({ settleMs: hasParameter("settleMs") ? Number(parameter("settleMs")) : undefined });
}
