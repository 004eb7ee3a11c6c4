/**
 * What reading, opening and appending cost, counted in operations on the storage and in bytes, not in time.
 * The same is done with a small log and with one many times as large: what it costs must be the same, or
 * grow with the logarithm where something is searched for.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import type { Call } from "../support/faulty-storage.ts";
import { type Machine, memoryAsync, memorySync, type Model, models } from "../support/machine.ts";

const mebibyte = 2 ** 20;

interface Cost {
  readonly operations: number;
  readonly files: number;
  readonly bytesRead: number;
  readonly largestRead: number;
  readonly reads: number;
}

async function costOf(machine: Machine, work: () => Promise<unknown>): Promise<Cost> {
  const calls: Call[] = [];
  machine.calls = calls;
  await work();
  machine.calls = undefined;
  const reads = calls.filter(({ op }) => op === "read").map(({ length }) => length!);
  return {
    // Handles that were idle for long are closed at some time.
    operations: calls.filter(({ op }) => op !== "close").length,
    files: new Set(calls.map(({ name }) => name).filter((name) => name !== "")).size,
    bytesRead: reads.reduce((sum, length) => sum + length, 0),
    largestRead: Math.max(0, ...reads),
    reads: reads.length,
  };
}

async function segmented(machine: Machine, segments: number): Promise<Log> {
  const log = await machine.open();
  for (let segment = 0; segment < segments; segment++) {
    if (segment > 0) await log.rotate();
    for (let index = 0; index < 3; index++) await log.append({ value: "v", timestamp: log.next });
  }
  return log;
}

/** One segment with so many records of 64 KiB. */
async function large(machine: Machine, records: number): Promise<Log> {
  const log = await machine.open();
  const value = new Uint8Array(65_536).fill(7);
  for (let index = 0; index < records; index++) await log.append({ value });
  return log;
}

async function readAll(log: Log, from: number, to?: number): Promise<number> {
  let count = 0;
  for await (const batch of log.readBatches({ from, to })) count += batch.count;
  return count;
}

async function openingCost(model: Model, segments: number, how: "closed" | "crashed"): Promise<Cost> {
  const machine = model.build();
  const log = await segmented(machine, segments);
  if (how === "closed") await log.close();
  else await machine.die();
  return costOf(machine, () => machine.open());
}

describe.each(models)("what it costs ($name)", (model) => {
  test.each(["closed", "crashed"] as const)(
    "to open a log that was %s does not depend on its length",
    async (how) => {
      const short = await openingCost(model, 10, how);
      const long = await openingCost(model, model.inMemory ? 200 : 60, how);
      expect(long).toEqual(short);
      expect(long.files).toBeLessThanOrEqual(6);
    },
  );

  test("to append is one write and one flush, however long the log is", async () => {
    const machine = model.build();
    const log = await segmented(machine, 3);
    const one = await costOf(machine, () => log.append({ value: "one" }));
    for (let segment = 0; segment < 40; segment++) {
      for (let index = 0; index < 10; index++) await log.append({ value: "more" });
      await log.rotate();
    }
    await log.append({ value: "first of its segment" });
    const other = await costOf(machine, () => log.append({ value: "one" }));
    expect(one.operations).toBe(2);
    expect(other).toEqual(one);
  });

  test("to rotate does not depend on the length of the log", async () => {
    const machine = model.build();
    const log = await segmented(machine, 3);
    const early = await costOf(machine, () => log.rotate());
    for (let segment = 0; segment < 40; segment++) {
      await log.append({ value: "more" });
      await log.rotate();
    }
    await log.append({ value: "more" });
    expect((await costOf(machine, () => log.rotate())).operations).toBe(early.operations);
  });

  test("to read from an offset in a log of many segments touches the segments that are read", async () => {
    const machine = model.build();
    await (await segmented(machine, 60)).close();
    const log = await machine.open();
    for (const from of [90, 33, 150]) {
      const cost = await costOf(machine, () => readAll(log, from, from + 3));
      // Its own segment, and the start of the next one, which says where it ends.
      expect(cost.files).toBeLessThanOrEqual(2);
    }
  });

  test("to find a time reads the starts that a binary search needs, and one segment", async () => {
    const machine = model.build();
    await (await segmented(machine, 64)).close();
    const log = await machine.open();
    const cost = await costOf(machine, () => log.offsetAt(100));
    expect(cost.files).toBeLessThanOrEqual(Math.log2(64) + 3);
    const again = await costOf(machine, () => log.offsetAt(100));
    expect(again.files).toBeLessThanOrEqual(2);
  });

  test("to read all is each byte about once, a mebibyte at a time", async () => {
    const machine = model.build();
    const log = await large(machine, 100);
    const size = log.stats().bytes;
    const cost = await costOf(machine, () => readAll(log, 0));
    expect(cost.largestRead).toBeLessThanOrEqual(mebibyte);
    expect(cost.bytesRead).toBeLessThan(size * 1.15);
    expect(cost.bytesRead).toBeGreaterThanOrEqual(size - 500);
  });

  test("to read a batch larger than that is the size of the batch", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "small" });
    await log.append({ value: new Uint8Array(3 * mebibyte) });
    await log.append({ value: "small" });
    const cost = await costOf(machine, () => readAll(log, 0));
    expect(cost.largestRead).toBeLessThanOrEqual(3 * mebibyte + 1024);
  });

  test("to read one record behind many in a segment that was just written is one chunk", async () => {
    const machine = model.build();
    const log = await large(machine, 130);
    for (const from of [129, 64, 3, 100]) {
      const cost = await costOf(machine, () => readAll(log, from, from + 1));
      expect(cost.bytesRead).toBeLessThanOrEqual(2 * mebibyte + 4096);
    }
  });

  test("to read one record in a segment that was read before is one chunk", async () => {
    const machine = model.build();
    await (await large(machine, 130)).close();
    const log = await machine.open();
    await readAll(log, 129, 130);
    for (const from of [129, 64, 3, 100]) {
      const cost = await costOf(machine, () => readAll(log, from, from + 1));
      expect(cost.bytesRead).toBeLessThanOrEqual(2 * mebibyte + 4096);
    }
  });

  test("to open a log after a crash is a header of each large batch, and the last batch", async () => {
    const machine = model.build();
    await large(machine, 100);
    await machine.die();
    const cost = await costOf(machine, () => machine.open());
    expect(cost.reads).toBeLessThan(120);
    expect(cost.bytesRead).toBeLessThan(1.5 * mebibyte);
  });

  test("to open a log of small batches after a crash is its last segment, a mebibyte at a time", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (let index = 0; index < 300; index++) await log.append({ value: new Uint8Array(10_000) });
    const size = log.stats().bytes;
    await machine.die();
    const cost = await costOf(machine, () => machine.open());
    expect(cost.largestRead).toBeLessThanOrEqual(mebibyte);
    expect(cost.reads).toBeLessThan(20);
    expect(cost.bytesRead).toBeLessThan(size * 1.3);
  });
});

test.each([memorySync, memoryAsync])("a follower that waits costs nothing ($name)", async (model) => {
  const machine = model.build();
  const log = await segmented(machine, 2);
  const reading = log.read({ follow: true });
  for (let index = 0; index < 6; index++) await reading.next();
  const next = reading.next();
  const waiting = await costOf(machine, async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  });
  expect(waiting.operations).toBe(0);
  await log.append({ value: "wakes it" });
  expect((await next).value!.offset).toBe(6);
});
