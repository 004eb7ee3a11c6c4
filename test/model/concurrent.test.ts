/**
 * Verbs that are called while others are still at work. Whatever is awaited when, the log is as if they had
 * been called one after the other in the order of the calls; the random runs do the same with less care for
 * the single case.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import { linesOf, valuesOf } from "../support/content.ts";
import { gate } from "../support/faults.ts";
import { holding, type Machine, models } from "../support/machine.ts";
import { endings, thrown } from "../support/outcome.ts";

async function ten(machine: Machine): Promise<Log> {
  const log = await machine.open();
  for (let index = 0; index < 10; index++) await log.append({ value: `${index}` });
  return log;
}

/** The log says the same now, to a process that comes after this one died, and to the one after that. */
async function expectForGood(machine: Machine, log: Log, values: readonly string[]): Promise<void> {
  expect(await valuesOf(log)).toEqual(values);
  const lines = await linesOf(log);
  await machine.die();
  const again = await machine.open();
  expect(await linesOf(again)).toEqual(lines);
  await again.close();
  expect(await linesOf(await machine.open())).toEqual(lines);
}

const producer = (sequence: number) => ({ producer: { id: "p", epoch: 0, sequence } });

describe.each(models)("while a truncation at the end is at work ($name)", (model) => {
  test("an append takes an offset behind it", async () => {
    const machine = model.build();
    const log = await ten(machine);
    const truncation = log.truncateAfter(4);
    const ack = await log.append({ value: "new" });
    await truncation;
    expect(ack).toMatchObject({ offset: 5 });
    expect(log).toMatchObject({ next: 6, durable: 6 });
    await expectForGood(machine, log, ["0", "1", "2", "3", "4", "new"]);
  });

  test("a batch, a second truncation and further appends take their turns", async () => {
    const machine = model.build();
    const log = await ten(machine);
    const all = [
      log.truncateAfter(6),
      log.appendBatch([{ value: "a" }, { value: "b" }]),
      log.truncateAfter(7),
      log.append({ value: "c" }),
      log.rotate(),
      log.append({ value: "d" }),
      log.truncateBefore(5),
      log.truncateAfter(8),
      log.append({ value: "e" }),
    ];
    expect(await endings(all)).toEqual(all.map(() => "fulfilled"));
    await expectForGood(machine, log, ["5", "6", "a", "c", "e"]);
  });

  test("a staged record lies where stage said, or is refused", async () => {
    const machine = model.build();
    const log = await ten(machine);
    const truncation = log.truncateAfter(4);
    let offset: number | undefined;
    try {
      offset = log.stage({ value: "staged" });
    } catch {
      offset = undefined;
    }
    await truncation;
    await log.append({ value: "new" });
    const values = ["0", "1", "2", "3", "4", ...(offset === undefined ? [] : ["staged"]), "new"];
    if (offset !== undefined) expect(offset).toBe(5);
    await expectForGood(machine, log, values);
  });

  test("an idempotent append is known afterwards", async () => {
    const machine = model.build();
    const log = await ten(machine);
    await log.append({ value: "gone" }, producer(0));
    const truncation = log.truncateAfter(4);
    const both = [log.append({ value: "x" }, producer(0)), log.append({ value: "x" }, producer(0))];
    await truncation;
    const [first, second] = await Promise.all(both);
    expect([first!.offset, second!.offset]).toEqual([5, 5]);
    expect([first!.duplicate, second!.duplicate]).toEqual([false, true]);
    await expectForGood(machine, log, ["0", "1", "2", "3", "4", "x"]);
  });
});

describe.each(models)("appends at the same time ($name)", (model) => {
  test("share one write and one flush, and are acknowledged in their order", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.calls = [];
    const order: number[] = [];
    const appends = Array.from({ length: 50 }, (_, index) =>
      log.append({ value: `${index}` }).then(({ offset }) => order.push(offset)),
    );
    await Promise.all(appends);
    expect(order).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(machine.calls.map(({ op }) => op)).toEqual(["write", "flush"]);
  });

  test("are batches that lie whole and next to each other", async () => {
    const machine = model.build();
    const log = await machine.open();
    const batches = ["a", "b", "c"].map((name) =>
      log.appendBatch([0, 1, 2].map((index) => ({ value: `${name}${index}` }))),
    );
    const acks = await Promise.all(batches);
    expect(acks.flat().map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await valuesOf(log)).toEqual(["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2"]);
  });

  test("that find the buffer full keep their order, and flush waits for them too", async () => {
    const machine = model.build();
    const log = await machine.open({ maxPendingBytes: 1 });
    const appends = Array.from({ length: 12 }, (_, index) => log.append({ value: `${index}` }));
    expect(thrown(() => log.stage({ value: "no" }), "FULL").message).toContain("maxPendingBytes");
    await log.flush();
    expect(log).toMatchObject({ next: 12, durable: 12 });
    const acks = await Promise.all(appends);
    expect(acks.map(({ offset }) => offset)).toEqual(acks.map((_, index) => index));
    expect(await valuesOf(log)).toEqual(acks.map((_, index) => `${index}`));
  });

  test("that find the buffer full lie before a rotation and a truncation that were asked for later", async () => {
    const machine = model.build();
    const log = await machine.open({ maxPendingBytes: 1 });
    const all = [
      ...["a", "b", "c"].map((value) => log.append({ value })),
      log.rotate(),
      ...["d", "e", "f"].map((value) => log.append({ value })),
      log.truncateAfter(4),
      log.append({ value: "g" }),
      log.truncateBefore(1),
    ];
    expect(await endings(all)).toEqual(all.map(() => "fulfilled"));
    expect(await all[3]).toMatchObject({ first: 0, next: 3 });
    await expectForGood(machine, log, ["b", "c", "d", "e", "g"]);
  });
});

describe.each(holding)("while a flush is held ($name)", (model) => {
  test("everything that comes is written in the order in which it came", async () => {
    const machine = model.build();
    const log = await ten(machine);
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const all: Promise<unknown>[] = [log.append({ value: "a" })];
    await held.reached;
    all.push(log.rotate(), log.append({ value: "b" }), log.truncateAfter(9), log.append({ value: "c" }));
    all.push(log.truncateBefore(8), log.flush(), log.append({ value: "d" }));
    held.pass();
    expect(await endings(all)).toEqual(all.map(() => "fulfilled"));
    await expectForGood(machine, log, ["8", "9", "c", "d"]);
  });

  test("a batch that is truncated in its middle keeps its first records only", async () => {
    const machine = model.build();
    const log = await ten(machine);
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const batch = log.appendBatch(["a", "b", "c", "d"].map((value) => ({ value })));
    await held.reached;
    const truncation = log.truncateAfter(11);
    held.pass();
    expect((await batch).map(({ offset }) => offset)).toEqual([10, 11, 12, 13]);
    await truncation;
    await expectForGood(machine, log, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b"]);
  });
});
