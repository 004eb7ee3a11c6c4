/**
 * Idempotent producers: a record that is sent twice is stored once, under one offset, whatever happened in
 * between; an older incarnation of a producer is fenced off; and what is no longer remembered is said to be
 * so. Producers after a failed flush are told in test/failure.
 */
import { describe, expect, test } from "vitest";
import type { AppendOptions, Log, RecordInput } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { failing, gate } from "../support/faults.ts";
import { holding, type Machine, models } from "../support/machine.ts";
import { endings, refusal } from "../support/outcome.ts";

const by = (sequence: number, epoch = 0, id = "p"): AppendOptions => ({ producer: { id, epoch, sequence } });
const many = (text: string): RecordInput[] => [...text].map((value) => ({ value }));

/** Offset, and whether it is a duplicate. */
async function send(log: Log, value: string, options: AppendOptions): Promise<[number, boolean]> {
  const { offset, duplicate } = await log.append({ value }, options);
  return [offset, duplicate];
}

const restarts: [string, (machine: Machine, log: Log) => Promise<void>][] = [
  ["closed", (_, log) => log.close()],
  ["killed", (machine) => machine.die()],
  ["without power", async (machine) => (machine.inMemory ? machine.losePower() : machine.die())],
];

describe.each(models)("a record that is sent twice ($name)", { timeout: 10_000 }, (model) => {
  test("is stored once, and its ack says where it lies and that it is a duplicate", async () => {
    const log = await model.build().open();
    const first = await log.append({ value: "a", timestamp: 77 }, by(5));
    await log.append({ value: "other" });
    const again = await log.append({ value: "a", timestamp: 88 }, by(5));
    expect(first.duplicate).toBe(false);
    expect(again).toEqual({ ...first, bytes: 0, flushMs: 0, duplicate: true });
    expect(await valuesOf(log)).toEqual(["a", "other"]);
  });

  test.each(["strict", "relaxed"] as const)(
    "while the first is on its way, is stored once (%s)",
    async (durability) => {
      const log = await model.build().open({ durability });
      const acks = await Promise.all([
        send(log, "a", by(0)),
        send(log, "a", by(0)),
        send(log, "b", by(1)),
        send(log, "a", by(0)),
        send(log, "b", by(1)),
      ]);
      expect(acks).toEqual([
        [0, false],
        [0, true],
        [1, false],
        [0, true],
        [1, true],
      ]);
      expect(await valuesOf(log)).toEqual(["a", "b"]);
    },
  );

  test("by stage, has the offset that it had", async () => {
    const log = await model.build().open();
    expect(log.stage({ value: "a" }, by(0))).toBe(0);
    expect(log.stage({ value: "a" }, by(0))).toBe(0);
    expect(log.stage({ value: "b" }, by(1))).toBe(1);
    await log.flush();
    expect(log.stage({ value: "b" }, by(1))).toBe(1);
    expect(await send(log, "a", by(0))).toEqual([0, true]);
    expect(await valuesOf(log)).toEqual(["a", "b"]);
  });

  test.each(restarts)("is known after the log was %s", async (_, restart) => {
    const machine = model.build();
    let log = await machine.open();
    for (let round = 0; round < 3; round++) {
      const at = round * 3;
      expect(await send(log, "a", by(at))).toEqual([at, false]);
      await log.appendBatch(many("bc"), by(at + 1));
      await restart(machine, log);
      log = await machine.open();
      for (let sequence = 0; sequence < at + 3; sequence++) {
        expect(await send(log, "?", by(sequence))).toEqual([sequence, true]);
      }
    }
    expect((await valuesOf(log)).join("")).toBe("abcabcabc");
  });

  test.each(restarts)("is known in later segments, also after the log was %s", async (_, restart) => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 400 } });
    await log.appendBatch(many("ab"), by(0));
    for (let index = 0; index < 20; index++) await log.append({ value: "other" });
    expect(await send(log, "b", by(1))).toEqual([1, true]);
    await restart(machine, log);
    const again = await machine.open();
    expect(await send(again, "a", by(0))).toEqual([0, true]);
    expect(await send(again, "c", by(2))).toEqual([22, false]);
  });

  test("is said to be a DUPLICATE when it was truncated away, and is not stored again", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 400 } });
    await log.appendBatch(many("ab"), by(0));
    for (let index = 0; index < 10; index++) await log.append({ value: "other" });
    await log.truncateBefore(10);
    expect(await refusal(log.append({ value: "b" }, by(1)), "DUPLICATE")).toMatchObject({
      first: 1,
      next: 2,
    });
    await log.close();
    const again = await machine.open();
    await refusal(again.append({ value: "a" }, by(0)), "DUPLICATE");
    expect(await send(again, "c", by(2))).toEqual([12, false]);
  });

  test("is new again when it was truncated away at the end", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(many("abcd"), by(0));
    await log.truncateAfter(1);
    expect(await send(log, "b", by(1))).toEqual([1, true]);
    expect(await send(log, "c", by(2))).toEqual([2, false]);
    await machine.die();
    const again = await machine.open();
    expect(await send(again, "c", by(2))).toEqual([2, true]);
    expect(await send(again, "d", by(3))).toEqual([3, false]);
    expect((await valuesOf(again)).join("")).toBe("abcd");
  });
});

describe.each(models)("a batch that is sent twice ($name)", (model) => {
  test("in part, gets the part that is new", async () => {
    const log = await model.build().open();
    await log.appendBatch(many("abc"), by(0));
    await log.append({ value: "other" });
    const acks = await log.appendBatch(many("bcde"), by(1));
    expect(acks.map(({ offset, duplicate }) => [offset, duplicate])).toEqual([
      [1, true],
      [2, true],
      [4, false],
      [5, false],
    ]);
    const whole = await log.appendBatch(many("abcde"), by(0));
    expect(whole.map(({ offset }) => offset)).toEqual([0, 1, 2, 4, 5]);
    expect(whole.every(({ duplicate }) => duplicate)).toBe(true);
    expect((await valuesOf(log)).join(" ")).toBe("a b c other d e");
  });

  test("while it is on its way, is stored once", async () => {
    const log = await model.build().open();
    const [one, other, more] = await Promise.all([
      log.appendBatch(many("abc"), by(0)),
      log.appendBatch(many("abc"), by(0)),
      log.appendBatch(many("cd"), by(2)),
    ]);
    expect(other.map(({ offset }) => offset)).toEqual(one.map(({ offset }) => offset));
    expect(more.map(({ offset, duplicate }) => [offset, duplicate])).toEqual([
      [2, true],
      [3, false],
    ]);
    expect((await valuesOf(log)).join("")).toBe("abcd");
  });

  test("is compared by its sequences, not by what is in it", async () => {
    const log = await model.build().open();
    await log.appendBatch(many("abc"), by(0));
    const acks = await log.appendBatch(many("xyz"), by(0));
    expect(acks.every(({ duplicate }) => duplicate)).toBe(true);
    expect((await valuesOf(log)).join("")).toBe("abc");
  });

  test.each([false, true])(
    "is acknowledged, whenever the log is closed behind it (in vain: %s)",
    async (inVain) => {
      for (let turns = 0; turns < 20; turns++) {
        const machine = model.build();
        const before = await machine.open();
        await before.append({ value: "a" }, by(0));
        await before.rotate();
        await before.append({ value: "other" });
        await before.close();
        // To look up the record, a segment has to be opened that nobody has read yet.
        const log = await machine.open();
        await log.append({ value: "another" });
        if (inVain) machine.hook = failing({ op: "write", after: 1 });
        const batch = log.appendBatch(many("ab"), by(0));
        for (let turn = 0; turn < turns; turn++) await undefined;
        const closing = endings([log.close()]);
        expect((await batch).map(({ offset }) => offset)).toEqual([0, 3]);
        expect(await closing).toEqual([inVain ? "FLUSH_FAILED" : "fulfilled"]);
      }
    },
  );
});

describe.each(holding)("a duplicate beside a held flush ($name)", (model) => {
  test("is acknowledged with its record, not before", async () => {
    const machine = model.build();
    const log = await machine.open();
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const first = log.append({ value: "a" }, by(0));
    await held.reached;
    let isTold = false;
    const again = log.append({ value: "a" }, by(0)).finally(() => (isTold = true));
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(isTold).toBe(false);
    held.pass();
    expect((await Promise.all([first, again])).map(({ offset }) => offset)).toEqual([0, 0]);
  });
});
