/**
 * `appendBatch`, `stage` and the limits of size: what belongs together lies in one batch and survives as a
 * whole or not at all, and what is too large leaves everything as it was.
 */
import { describe, expect, test } from "vitest";
import type { RecordInput } from "../../src/index.ts";
import { linesOf, printed, valuesOf } from "../support/content.ts";
import { models } from "../support/machine.ts";
import { endings, refusal, thrown } from "../support/outcome.ts";
import { cut, edit, recordBatchesOf, segmentsOf } from "../recovery/damage.ts";

const letters = (text: string): RecordInput[] =>
  [...text].map((letter, at) => ({ value: letter.repeat(at * 9 + 1) }));

describe.each(models)("appendBatch ($name)", (model) => {
  test("writes its records as one batch, and acknowledges each of them", async () => {
    const machine = model.build();
    const log = await machine.open();
    const acks = await log.appendBatch(letters("abcde"));
    const more = await Promise.all([log.appendBatch(letters("fg")), log.appendBatch(letters("hij"))]);
    expect([...acks, ...more.flat()].map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(acks.map(({ position }) => position)).size).toBe(1);
    for (const own of more) expect(new Set(own.map(({ position }) => position)).size).toBe(1);
    const [name] = await segmentsOf(machine);
    expect((await recordBatchesOf(machine, name!))[0]).toMatchObject({
      base: 0,
      count: 5,
      position: acks[0]!.position,
    });
  });

  test("is in one batch also when it is larger than batches usually are, or than a segment", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 2000 } });
    await log.append({ value: "before" });
    const acks = await log.appendBatch(
      Array.from({ length: 300 }, (_, at) => ({ value: `${at} ${"x".repeat(100)}` })),
    );
    await log.append({ value: "after" });
    expect(new Set(acks.map(({ segment, position }) => `${segment} ${position}`)).size).toBe(1);
    expect(await valuesOf(log)).toHaveLength(302);
    await machine.die();
    expect(await valuesOf(await machine.open())).toHaveLength(302);
  });

  test("is all there or not at all, wherever a crash cuts it", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "before" });
    await log.appendBatch(letters("abcdefgh"));
    await machine.die();
    const [name] = await segmentsOf(machine);
    const { position, end } = (await recordBatchesOf(machine, name!)).at(-1)!;
    const whole = (await machine.files()).get(name!)!;
    for (let at = position; at <= end; at += model.inMemory ? 8 : 64) {
      const one = model.build();
      await (await one.open()).close();
      await edit(one, name!, () => cut(at)(whole));
      const values = await valuesOf(await one.open());
      expect([at, values.length]).toEqual([at, at < end ? 1 : 9]);
    }
  });

  test("of no records answers an empty list and writes nothing", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.calls = [];
    expect(await log.appendBatch([])).toEqual([]);
    expect(await log.appendBatch([], { producer: { id: "p", epoch: 0, sequence: 0 } })).toEqual([]);
    expect(machine.calls).toEqual([]);
    expect(log.next).toBe(0);
  });

  test("has encoded its records by the time it returns", async () => {
    const log = await model.build().open();
    const value = new Uint8Array([1, 2, 3]);
    const records = [{ value, headers: { a: "1" } }, { value: "b" }];
    const acks = log.appendBatch(records);
    value.fill(9);
    records[0]!.headers!.a = "changed";
    records.pop();
    expect(await acks).toHaveLength(2);
    const [first] = await linesOf(log);
    expect(first).toContain('headers {"a":31} value <010203>');
  });
});

describe.each(models)("stage ($name)", (model) => {
  test("answers the offset at once, and is durable with the next flush or append", async () => {
    const log = await model.build().open();
    expect([log.stage({ value: "a" }), log.stage({ value: "b" })]).toEqual([0, 1]);
    expect(log).toMatchObject({ next: 2, durable: 0 });
    await log.flush();
    expect(log).toMatchObject({ next: 2, durable: 2 });
    log.stage({ value: "c" });
    expect((await log.append({ value: "d" })).offset).toBe(3);
    expect(log.durable).toBe(4);
    expect(await valuesOf(log)).toEqual(["a", "b", "c", "d"]);
  });

  test("writes nothing by itself", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.calls = [];
    log.stage({ value: "a" });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(machine.calls).toEqual([]);
    await log.flush();
    expect(machine.calls.map(({ op }) => op)).toEqual(["write", "flush"]);
    await log.flush();
    expect(machine.calls).toHaveLength(2);
  });

  test("of much more than a batch is written in pieces, and none is lost", async () => {
    const log = await model.build().open({ maxBatchBytes: 5000 });
    for (let index = 0; index < 300; index++) log.stage({ value: `${index} ${"x".repeat(100)}` });
    await log.flush();
    expect((await valuesOf(log)).map((value) => Number.parseInt(value, 10))).toEqual([...Array(300).keys()]);
    expect(log.stats().batches).toBeGreaterThan(6);
  });

  test("is flushed by rotate and by close", async () => {
    const machine = model.build();
    const log = await machine.open();
    log.stage({ value: "a" });
    expect(await log.rotate()).toMatchObject({ first: 0, next: 1 });
    log.stage({ value: "b" });
    await log.close();
    expect(await valuesOf(await machine.open())).toEqual(["a", "b"]);
  });
});

describe.each(models)("what is too large ($name)", (model) => {
  test.each([
    ["a value", { value: "x".repeat(600) }],
    ["a key", { key: new Uint8Array(600) }],
    ["a header", { headers: { name: "x".repeat(600) } }],
    ["the name of a header", { headers: { ["x".repeat(600)]: "" } }],
    [
      "many headers",
      { headers: Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`name ${at}`, ""])) },
    ],
    ["text of many bytes", { value: "ü".repeat(300) }],
  ])("is refused, and leaves everything as it was: %s", async (_, record) => {
    const machine = model.build();
    const log = await machine.open({ maxBatchBytes: 500 });
    await log.append({ value: "before" });
    log.stage({ value: "staged" });
    const before = printed(await machine.files());
    const stats = log.stats();

    const error = await refusal(log.append(record), "TOO_LARGE");
    expect(error.message).toContain("500");
    thrown(() => log.stage(record), "TOO_LARGE");
    await refusal(log.appendBatch([{ value: "a" }, record, { value: "b" }]), "TOO_LARGE");
    expect(log.next).toBe(2);
    expect(log.stats()).toEqual(stats);
    expect(printed(await machine.files())).toEqual(before);

    machine.now += 1000;
    expect(await log.append({ value: "after" })).toMatchObject({ offset: 2, timestamp: machine.now });
    expect(await valuesOf(log)).toEqual(["before", "staged", "after"]);
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["before", "staged", "after"]);
  });

  test("is a batch whose records are not, each by itself", async () => {
    const log = await model.build().open({ maxBatchBytes: 500 });
    await refusal(log.appendBatch(Array.from({ length: 9 }, () => ({ value: "x".repeat(60) }))), "TOO_LARGE");
    expect(await log.appendBatch(Array.from({ length: 7 }, () => ({ value: "x".repeat(60) })))).toHaveLength(
      7,
    );
    expect(log.next).toBe(7);
  });

  test("does not take those with it that are appended at the same time", async () => {
    const log = await model.build().open({ maxBatchBytes: 500 });
    const appends = [
      log.append({ value: "a" }),
      log.append({ value: "x".repeat(600) }),
      log.appendBatch([{ value: "b" }, { value: "x".repeat(600) }]),
      log.append({ value: "c" }),
    ];
    expect(await endings(appends)).toEqual(["fulfilled", "TOO_LARGE", "TOO_LARGE", "fulfilled"]);
    expect(await valuesOf(log)).toEqual(["a", "c"]);
  });

  test("begins exactly behind the limit, whoever writes it", async () => {
    const longName = "p".repeat(255);
    for (const options of [{}, { producer: { id: longName, epoch: 0, sequence: 0 } }]) {
      const machine = model.build();
      const log = await machine.open({ maxBatchBytes: 1000 });
      let largest = 0;
      for (let size = 600; size < 1010; size += 10) {
        const sequence = { ...options.producer!, sequence: size };
        const append = log.append(
          { value: new Uint8Array(size) },
          options.producer ? { producer: sequence } : {},
        );
        if ((await endings([append]))[0] === "fulfilled") largest = size;
      }
      const [name] = await segmentsOf(machine);
      const lengths = (await recordBatchesOf(machine, name!)).map(({ length }) => length);
      // A record that fits is not refused, and padding does not count.
      expect(Math.max(...lengths)).toBeLessThanOrEqual(1000);
      expect(Math.max(...lengths)).toBeGreaterThan(1000 - 20);
      expect(largest).toBeGreaterThan(700);
    }
  });
});
