/**
 * `offsetAt`: the first record at or after a time. The answer is held against a search of all records one
 * by one, over logs whose clock runs, stands, and jumps back and forth, cut at both ends.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Log, openReader } from "../../src/index.ts";
import { type Machine, memorySync, models, topic } from "../support/machine.ts";

/** What offsetAt must answer, by looking at every record. */
async function naive(log: Pick<Log, "read" | "durable">, time: number): Promise<number> {
  for await (const { offset, timestamp } of log.read()) if (timestamp >= time) return offset;
  return log.durable;
}

async function expectAlike(log: Log, times: Iterable<number>): Promise<void> {
  for (const time of times) expect([time, await log.offsetAt(time)]).toEqual([time, await naive(log, time)]);
}

/** Each time there is, and those beside it. */
function around(times: readonly number[]): Set<number> {
  return new Set(times.flatMap((time) => [time - 1, time, time + 1]).filter((time) => time >= 0));
}

async function appendAll(log: Log, times: readonly number[], perBatch: number): Promise<void> {
  for (let at = 0; at < times.length; at += perBatch) {
    await log.appendBatch(
      times.slice(at, at + perBatch).map((timestamp) => ({ timestamp, value: `at ${timestamp}` })),
    );
  }
}

const rising = Array.from({ length: 30 }, (_, index) => 1000 + index * 10);
const jumping = [50, 40, 60, 10, 10, 90, 5, 70, 20, 100, 95, 3, 99, 101, 1, 0, 100, 88, 102, 30];

describe.each(models)("offsetAt ($name)", (model) => {
  test("answers the offset of the first record at or after a time, across segments", async () => {
    const log = await model.build().open({ segment: { maxBytes: 500 } });
    await appendAll(log, rising, 3);
    expect(log.stats().segments).toBeGreaterThan(3);
    expect(await log.offsetAt(0)).toBe(0);
    expect(await log.offsetAt(1000)).toBe(0);
    expect(await log.offsetAt(1001)).toBe(1);
    expect(await log.offsetAt(1290)).toBe(29);
    expect(await log.offsetAt(1291)).toBe(30);
    expect(await log.offsetAt(Number.MAX_SAFE_INTEGER)).toBe(30);
    await expectAlike(log, around(rising));
  });

  test("does so when the clock has jumped", async () => {
    const log = await model.build().open({ segment: { maxBytes: 400 } });
    await appendAll(log, jumping, 2);
    await expectAlike(log, around(jumping));
  });

  test("answers the next offset for an empty log, and for one whose records are all older", async () => {
    const machine = model.build();
    const log = await machine.open();
    expect(await log.offsetAt(0)).toBe(0);
    await appendAll(log, [10, 20], 1);
    expect(await log.offsetAt(21)).toBe(2);
    await log.truncateBefore(2);
    expect(await log.offsetAt(0)).toBe(2);
    expect(await log.offsetAt(15)).toBe(2);
  });

  test("keeps to what is left after truncations at both ends, in the middle of batches", async () => {
    for (const times of [rising, jumping]) {
      const log = await model.build().open({ segment: { maxBytes: 500 } });
      await appendAll(log, times, 4);
      await log.truncateBefore(6);
      await log.truncateAfter(16);
      await expectAlike(log, around(times));
      await appendAll(log, [45, 2000, 7], 3);
      await expectAlike(log, around([...times, 45, 2000, 7]));
    }
  });

  test("answers the same after the log was closed or has crashed, and to a reader", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 400 } });
    await appendAll(log, jumping, 2);
    await log.truncateBefore(3);
    await log.close();
    await expectAlike(await machine.open(), around(jumping));
    await machine.die();
    await expectAlike(await machine.open(), around(jumping));
    const reader = await openReader({ storage: machine.storage, topic });
    for (const time of around(jumping)) {
      expect([time, await reader.offsetAt(time)]).toEqual([
        time,
        await naive({ read: (...args) => reader.read(...args), durable: reader.next }, time),
      ]);
    }
    await reader.close();
  });

  test("does not look at records whose flush is on its way or has failed", async () => {
    const machine = model.build();
    const log = await machine.open();
    await appendAll(log, [10], 1);
    machine.hook = ({ op }) => {
      if (op === "flush") throw new Error("EIO");
    };
    await log.append({ timestamp: 500, value: "failed" }).catch(() => undefined);
    machine.hook = undefined;
    log.stage({ timestamp: 500, value: "staged" });
    expect(await log.offsetAt(100)).toBe(1);
    await log.flush();
    expect(await log.offsetAt(100)).toBe(1);
    expect(await log.offsetAt(501)).toBe(2);
  });

  test.each([
    ["a string", "0", TypeError],
    ["a Date", new Date(0), TypeError],
    ["nothing", undefined, TypeError],
    ["a negative number", -1, RangeError],
    ["a fraction", 0.5, RangeError],
    ["Infinity", Infinity, RangeError],
  ])("refuses %s", async (_, time, type) => {
    const log = await model.build().open();
    await expect(log.offsetAt(time as number)).rejects.toThrow(type);
    await expect(log.offsetAt(time as number)).rejects.toThrow(/timestamp must be/);
  });
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant("append"),
      times: fc.array(fc.nat(60), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("rotate") }) },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant("before"), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant("after"), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("reopen") }) },
);
type Step = { is: string; times?: number[]; part?: number };

async function take(machine: Machine, log: Log, { is, times = [], part = 0 }: Step): Promise<Log> {
  const offset = log.first + Math.floor((log.next - log.first) * part);
  if (is === "append") await appendAll(log, times, times.length);
  if (is === "rotate") await log.rotate();
  if (is === "before") await log.truncateBefore(offset);
  if (is === "after") await log.truncateAfter(offset - 1);
  if (is !== "reopen") return log;
  await log.close();
  return machine.open({ segment: { maxBytes: 300 } });
}

async function run(steps: Step[]): Promise<void> {
  const machine = memorySync.build();
  let log = await machine.open({ segment: { maxBytes: 300 } });
  for (const each of steps) log = await take(machine, log, each);
  await expectAlike(log, [0, 1, 5, 15, 30, 45, 59, 60, 61]);
  await log.close();
}

test("offsetAt answers what a search of all records answers, whatever a log has been through", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), run), { numRuns: 150 });
});
