/**
 * Group commit: appends that are under way together share one write and one flush, what comes during a flush
 * makes the next group, and nobody waits for a timer. The operations on the storage are counted.
 */
import { describe, expect, test } from "vitest";
import { openLog, type RecordInput } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { anyOf, gate } from "../support/faults.ts";
import {
  type Machine,
  memoryAsync,
  memoryOverlapping,
  memorySync,
  models,
  topic,
} from "../support/machine.ts";
import { idle } from "../support/outcome.ts";

const many = (count: number, prefix = "value"): RecordInput[] =>
  Array.from({ length: count }, (_, index) => ({ value: `${prefix} ${index}` }));

/** What was done to files, in order. */
function operations(machine: Machine): string[] {
  return machine.calls!.map(({ op }) => op);
}

describe.each(models)("appends that are under way together ($name)", (model) => {
  test("share one write, one flush and one batch", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "first" });
    machine.calls = [];
    const acks = await Promise.all(many(100).map((record) => log.append(record)));
    expect(operations(machine)).toEqual(["write", "flush"]);
    expect(acks.map(({ offset }) => offset)).toEqual(acks.map((_, index) => index + 1));
    expect(new Set(acks.map(({ position }) => position)).size).toBe(1);
    expect(log.stats()).toMatchObject({ appends: 101, batches: 2, flushes: 2 });
  });

  test("share them whichever way they were appended", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.calls = [];
    const acks = [
      log.append({ value: "0" }),
      log.appendBatch([{ value: "1" }, { value: "2" }]).then(([, ack]) => ack!),
      Promise.resolve(log.stage({ value: "3" })).then((offset) => ({ offset })),
      log.append({ value: "4" }),
    ];
    expect((await Promise.all(acks)).map(({ offset }) => offset)).toEqual([0, 2, 3, 4]);
    expect(operations(machine)).toEqual(["write", "flush"]);
    expect(await valuesOf(log)).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("are acknowledged in their order", async () => {
    const log = await model.build().open({ maxBatchBytes: 200 });
    const order: number[] = [];
    const appends = many(60).map(async (record) => order.push((await log.append(record)).offset));
    await Promise.all(appends);
    expect(order).toEqual(appends.map((_, index) => index));
  });

  test("go into several batches of one write, when one would be too large", async () => {
    const machine = model.build();
    const log = await machine.open({ maxBatchBytes: 1000 });
    machine.calls = [];
    const acks = await Promise.all(many(20).map(() => log.append({ value: "x".repeat(100) })));
    expect(operations(machine)).toEqual(["write", "flush"]);
    const positions = new Set(acks.map(({ position }) => position));
    expect(positions.size).toBeGreaterThan(1);
    expect(log.stats().batches).toBe(positions.size);
    expect(await valuesOf(log)).toHaveLength(20);
  });

  test("have the time of their turn, and later ones a later time", async () => {
    const machine = model.build();
    let now = 5000;
    const log = await openLog({ storage: { ...machine.storage, now: () => now++ }, topic });
    const times = (await Promise.all(many(10).map((record) => log.append(record)))).map(
      ({ timestamp }) => timestamp,
    );
    expect(new Set(times).size).toBe(1);
    const later = await log.append({ value: "later" });
    expect(later.timestamp).toBeGreaterThan(times[0]!);
    await log.close();
  });

  test("share them also where some of the callers have one thing more to await than others", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.calls = [];
    const caller = async (_: unknown, index: number): Promise<void> => {
      for (let step = 0; step < index % 4; step++) await Promise.resolve();
      await log.append({ value: "v" });
    };
    await Promise.all(Array.from({ length: 40 }, caller));
    expect(operations(machine)).toEqual(["write", "flush"]);
  });

  test("and those that come when they are acknowledged share the next flush", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.calls = [];
    const caller = async (): Promise<void> => {
      for (let round = 0; round < 5; round++) await log.append({ value: "v" });
    };
    await Promise.all(Array.from({ length: 30 }, caller));
    expect(operations(machine).filter((op) => op === "write")).toHaveLength(5);
  });
});

describe.each(models)("a lone append ($name)", (model) => {
  test("waits for no timer, and is written and flushed at once", async () => {
    const machine = model.build();
    const storage = {
      ...machine.storage,
      elapsed: () => 0,
      sleep: (): never => {
        throw new Error("it slept");
      },
    };
    const log = await openLog({ storage, topic });
    machine.calls = [];
    for (let index = 0; index < 5; index++) await log.append({ value: `${index}` });
    expect(operations(machine)).toEqual(Array.from({ length: 5 }, () => ["write", "flush"]).flat());
    expect(log).toMatchObject({ next: 5, durable: 5 });
    await log.close();
  });
});

describe("what comes during a flush", () => {
  test("is the next group, however much it is", async () => {
    const machine = memoryAsync.build();
    const log = await machine.open();
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    machine.calls = [];
    const first = log.append({ value: "first" });
    await held.reached;
    const acks = many(50).map((record) => log.append(record));
    await idle();
    acks.push(log.append({ value: "later" }));
    await idle();
    expect(operations(machine)).toEqual(["write", "flush"]);
    held.pass();
    const positions = (await Promise.all([first, ...acks])).map(({ position }) => position);
    expect(operations(machine)).toEqual(["write", "flush", "write", "flush"]);
    expect(new Set(positions.slice(1)).size).toBe(1);
    expect(log.stats().batches).toBe(2);
  });

  test("is flushed beside it where the storage allows that, but never acknowledged before it", async () => {
    const machine = memoryOverlapping.build();
    const log = await machine.open();
    const gates = [0, 1, 2].map(() => gate({ op: "flush" }));
    machine.hook = anyOf(...gates.map(({ hook }) => hook));
    machine.calls = [];
    const order: number[] = [];
    const appends: Promise<unknown>[] = [];
    for (const { reached } of gates) {
      appends.push(log.append({ value: "v" }).then(({ offset }) => order.push(offset)));
      await reached;
    }
    appends.push(...many(9).map((record) => log.append(record).then(({ offset }) => order.push(offset))));
    await idle();
    // Three are on their way, and the others wait together.
    expect(operations(machine).filter((op) => op === "write")).toHaveLength(3);
    gates[2]!.pass();
    gates[1]!.pass();
    await idle();
    expect(order).toEqual([]);
    expect(log.durable).toBe(0);
    gates[0]!.pass();
    await Promise.all(appends);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(operations(machine).filter((op) => op === "write")).toHaveLength(4);
  });

  test("is never so much that a storage which answers at once keeps everybody else waiting", async () => {
    const machine = memorySync.build();
    let elapsed = 0;
    const log = await openLog({ storage: { ...machine.storage, elapsed: () => (elapsed += 3) }, topic });
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    for (let index = 0; index < 40; index++) await log.append({ value: "v" });
    isDone = true;
    expect(turns).toBeGreaterThan(5);
    await log.close();
  });
});
