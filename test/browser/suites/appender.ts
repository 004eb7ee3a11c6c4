/**
 * Opens a log, reports what is in it, and then appends for as long as it lives, telling each acknowledgement to
 * the server of tests before anything else.
 */
import { type Log, openLog } from "../../../src/index.ts";
import { describe, parameter, report } from "./report.ts";
import { storageOf, valuesOf } from "./storages.ts";

export async function runAppender(store: string): Promise<void> {
  const segmentBytes = Number(parameter("segmentBytes"));
  const log = await openLog({
    storage: storageOf(store),
    topic: "acks",
    lockWaitMs: 10_000,
    segment: { maxBytes: segmentBytes },
    retention: { maxBytes: Number(parameter("retentionBytes")) },
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

/** Tries again what is refused, and tells the server so. */
async function appendForEver(log: Log, store: string, number: number): Promise<void> {
  const longest = Number(parameter("valueBytes"));
  for (let count = 0; ;) {
    const value = `${parameter("run")} ${number} ${count} ${"x".repeat((count * 37) % longest)}`;
    try {
      const { offset, durability } = await log.append({ value });
      count++;
      await report({ type: "ack", store, offset, value, durability });
    } catch (error) {
      await report({ type: "refused", store, message: describe(error) });
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }
}
