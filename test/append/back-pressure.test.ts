/**
 * A bounded buffer: when `maxPendingBytes` are on their way, `append` waits and `stage` throws `FULL`. Those
 * who wait come in their order, nothing is lost, and every verb that waits for "everything before it" waits for
 * them as well.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { gate } from "../support/faults.ts";
import { holding, models } from "../support/machine.ts";
import { endings, idle, refusal, thrown, watch } from "../support/outcome.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Stages records until there is no room, and answers how many. */
function stageAll(log: Log): number {
  for (let count = 0; ; count++) {
    if (log.stats().pendingBytes >= 100) {
      thrown(() => log.stage({ value: "too much" }), "FULL");
      return count;
    }
    log.stage({ value: `staged ${count}` });
  }
}

describe.each(models)("a full buffer ($name)", (model) => {
  test.each([1, 50, 1000])(
    "of %i bytes lets appends wait, and keeps their order",
    async (maxPendingBytes) => {
      const log = await model.build().open({ maxPendingBytes });
      const order: number[] = [];
      const appends = upTo(60).map(async (index) => {
        const ack = await log.append({ value: `${index}` });
        order.push(ack.offset);
        return ack.offset;
      });
      expect(await Promise.all(appends)).toEqual(upTo(60));
      expect(order).toEqual(upTo(60));
      expect(await valuesOf(log)).toEqual(upTo(60).map(String));
      expect(log.stats().pendingBytes).toBe(0);
    },
  );

  test("keeps the order of single records and batches, whatever their size", async () => {
    const log = await model.build().open({ maxPendingBytes: 200 });
    const appends: Promise<{ offset: number }[]>[] = [];
    for (let index = 0; index < 30; index++) {
      const value = `${index} ${"x".repeat((index * 37) % 150)}`;
      if (index % 3 === 0) appends.push(log.appendBatch([{ value }, { value }]));
      else appends.push(log.append({ value }).then((ack) => [ack]));
    }
    const offsets = (await Promise.all(appends)).flat().map(({ offset }) => offset);
    expect(offsets).toEqual(upTo(40));
    const numbers = (await valuesOf(log)).map((value) => Number.parseInt(value, 10));
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  });

  test("never holds much more than it may", async () => {
    const machine = model.build();
    const log = await machine.open({ maxPendingBytes: 1000 });
    let most = 0;
    machine.hook = () => void (most = Math.max(most, log.stats().pendingBytes));
    await Promise.all(upTo(200).map(() => log.append({ value: "x".repeat(90) })));
    // One record may stand over the edge.
    expect(most).toBeLessThan(1000 + 100);
    expect(most).toBeGreaterThan(500);
  });

  test("takes a record that is larger than it is, when nothing else is on its way", async () => {
    const log = await model.build().open({ maxPendingBytes: 10 });
    const acks = await Promise.all([
      log.append({ value: "x".repeat(500) }),
      log.append({ value: "y".repeat(500) }),
    ]);
    expect(acks.map(({ offset }) => offset)).toEqual([0, 1]);
  });

  test("throws FULL from stage, says so in numbers, and has room again after a flush", async () => {
    const log = await model.build().open({ maxPendingBytes: 100 });
    const staged = stageAll(log);
    expect(staged).toBeGreaterThan(3);
    const error = thrown(() => log.stage({ value: "too much" }), "FULL");
    expect(error.message).toContain("maxPendingBytes is 100");
    expect(log.next).toBe(staged);
    await log.flush();
    expect(log.stage({ value: "room" })).toBe(staged);
    await log.flush();
    expect(await valuesOf(log)).toEqual([...upTo(staged).map((index) => `staged ${index}`), "room"]);
  });

  // Nobody asked for the staged records to be flushed; the append that waits for their room does.
  test("of nothing but staged records is flushed for the append that needs room", async () => {
    for (const verb of ["append", "appendBatch"] as const) {
      const log = await model.build().open({ maxPendingBytes: 100 });
      const staged = stageAll(log);
      const ack =
        verb === "append" ? await log.append({ value: "a" }) : (await log.appendBatch([{ value: "a" }]))[0]!;
      expect(ack.offset).toBe(staged);
      expect(log.durable).toBe(staged + 1);
    }
  });

  test.each([
    ["flush", (log: Log) => log.flush()],
    ["rotate", (log: Log) => log.rotate()],
    ["truncateBefore", (log: Log) => log.truncateBefore(1)],
    ["truncateAfter", (log: Log) => log.truncateAfter(18)],
    ["close", (log: Log) => log.close()],
  ])("is emptied before %s does its work, those who wait included", async (verb, call) => {
    const machine = model.build();
    const log = await machine.open({ maxPendingBytes: 1 });
    const appends = upTo(20).map((index) => log.append({ value: `${index}` }));
    await call(log);
    expect(log.durable).toBe(verb === "truncateAfter" ? 19 : 20);
    expect((await Promise.all(appends)).map(({ offset }) => offset)).toEqual(upTo(20));
    await log.close();
    const again = await machine.open();
    expect(again.recovery.verdict).toBe("clean");
    const first = verb === "truncateBefore" ? 1 : 0;
    const next = verb === "truncateAfter" ? 19 : 20;
    expect(await valuesOf(again)).toEqual(upTo(next).slice(first).map(String));
  });

  test("lets through what is refused, without keeping those behind it", async () => {
    const log = await model.build().open({ maxPendingBytes: 1, maxBatchBytes: 200 });
    const producer = { id: "p", epoch: 2, sequence: 0 };
    await log.append({ value: "p" }, { producer });
    const appends = [
      log.append({ value: "1" }),
      log.append({ value: "x".repeat(500) }),
      log.append({ value: "late" }, { producer: { ...producer, epoch: 1 } }),
      log.append({ value: "p" }, { producer }),
      log.append({ value: "2" }),
      log.append({ key: 5 } as object),
    ];
    const expected = ["fulfilled", "TOO_LARGE", "FENCED", "fulfilled", "fulfilled"];
    expect((await endings(appends)).slice(0, 5)).toEqual(expected);
    expect(await valuesOf(log)).toEqual(["p", "1", "2"]);
  });
});

describe.each(holding)("while a flush is held ($name)", (model) => {
  test("appends wait without a promise being lost, and stage throws", async () => {
    const machine = model.build();
    const log = await machine.open({ maxPendingBytes: 1 });
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const first = log.append({ value: "0" });
    await held.reached;
    const second = log.append({ value: "1" });
    const state = watch(second);
    await idle();
    expect(state.settled).toBe(false);
    thrown(() => log.stage({ value: "no" }), "FULL");
    expect(log.next).toBe(1);
    held.pass();
    expect((await Promise.all([first, second])).map(({ offset }) => offset)).toEqual([0, 1]);
  });

  test("those who wait are rejected with it when it fails, in their order, and may come again", async () => {
    const machine = model.build();
    const log = await machine.open({ maxPendingBytes: 1 });
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const appends = upTo(5).map((index) => log.append({ value: `${index}` }));
    await held.reached;
    held.fail(new Error("EIO"));
    expect(await endings(appends)).toEqual(appends.map(() => "FLUSH_FAILED"));
    await refusal(appends[4]!, "FLUSH_FAILED");
    expect(log).toMatchObject({ next: 0, durable: 0 });
    const again = await Promise.all(upTo(5).map((index) => log.append({ value: `${index}` })));
    expect(again.map(({ offset }) => offset)).toEqual(upTo(5));
  });
});
