/** Reading leaves the event loop to others, and whoever stops waiting leaves nothing behind. */
import { describe, expect, test } from "vitest";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { type LogReader, openLog, openReader, type Storage } from "../../src/index.ts";
import { idle, until } from "../support/outcome.ts";

const topic = "orders";

/** Its clock goes on by a millisecond with each look, and it counts how often it is asked to sleep, which it hardly does. */
function timed(storage: Storage): { storage: Storage; sleeps: () => number } {
  let elapsed = 0;
  let sleeps = 0;
  return {
    storage: {
      ...storage,
      elapsed: () => elapsed++,
      sleep: () => {
        sleeps++;
        return idle();
      },
    },
    sleeps: () => sleeps,
  };
}

test("reading a long log lets others run again and again", async () => {
  const { storage, sleeps } = timed(memoryStorage());
  const log = await openLog({ storage, topic });
  for (let index = 0; index < 200; index++) await log.append({ value: "a" });
  const before = sleeps();
  let count = 0;
  for await (const batch of log.readBatches()) count += batch.count;
  expect(count).toBe(200);
  expect(sleeps() - before).toBeGreaterThanOrEqual(200 / 10);
});

test("a follower that had to wait reads on at once", async () => {
  let elapsed = 0;
  let sleeps = 0;
  const inner = memoryStorage();
  const storage: Storage = { ...inner, elapsed: () => elapsed, sleep: (ms) => (sleeps++, inner.sleep(ms)) };
  const log = await openLog({ storage, topic });
  const reading = log.read({ follow: true });
  const next = reading.next();
  await idle();
  elapsed = 1000;
  const before = sleeps;
  await log.append({ value: "a" });
  expect((await next).done).toBe(false);
  expect(sleeps).toBe(before);
  await reading.return();
});

describe("a reader without the lock", () => {
  test("looks for more only while somebody waits", async () => {
    const { storage, sleeps } = timed(memoryStorage());
    const log = await openLog({ storage, topic });
    await log.append({ value: "a" });
    const reader = await openReader({ storage, topic });
    const abort = new AbortController();
    const following = follow(reader, abort.signal);
    await until(() => sleeps() > 3);
    abort.abort(new Error("enough"));
    await expect(following).rejects.toThrow("enough");
    // One sleep may still be under way.
    const sleepsMax = sleeps() + 1;
    for (let turn = 0; turn < 20; turn++) await idle();
    expect(sleeps()).toBeLessThanOrEqual(sleepsMax);
  });

  test("wakes its followers when it is closed", async () => {
    const storage = memoryStorage();
    const log = await openLog({ storage, topic });
    await log.append({ value: "a" });
    // No time passes, so that it sleeps for nothing but want of news.
    const asleep: Storage = { ...storage, elapsed: () => 0, sleep: () => new Promise(() => {}) };
    const reader = await openReader({ storage: asleep, topic });
    const following = follow(reader);
    await idle();
    await reader.close();
    await following;
  });
});

async function follow(reader: LogReader, signal?: AbortSignal): Promise<void> {
  for await (const _ of reader.read({ follow: true, signal })) continue;
}
