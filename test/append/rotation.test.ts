/**
 * Segments: when one ends and the next begins, by size, by age and by `rotate`. Every record must be where
 * its acknowledgement says, and no segment larger than it may be but for one group that is larger itself.
 */
import { describe, expect, test } from "vitest";
import type { Ack } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { models } from "../support/machine.ts";
import { endings } from "../support/outcome.ts";
import { batchesOf, recordBatchesOf, segmentsOf } from "../recovery/damage.ts";

const hour = 3_600_000;

describe.each(models)("a segment ($name)", (model) => {
  test("ends when the next group would not fit", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 1000 } });
    const acks: Ack[] = [];
    for (let index = 0; index < 60; index++)
      acks.push(await log.append({ value: `${index} ${"x".repeat(index)}` }));
    const names = await segmentsOf(machine);
    expect(names.length).toBeGreaterThan(5);
    expect(log.stats()).toMatchObject({ segments: names.length, rotations: names.length - 1 });
    for (const name of names) {
      const batches = await recordBatchesOf(machine, name);
      expect(batches.at(-1)!.end).toBeLessThanOrEqual(1000);
      expect(Number(name.slice(0, 20))).toBe(batches[0]!.base);
      expect(acks.filter(({ segment }) => segment === name).map(({ offset }) => offset)).toEqual(
        batches.map(({ base }) => base),
      );
    }
    expect(await valuesOf(log)).toHaveLength(60);
  });

  test("holds a record that is larger than a segment may be, alone", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 500 } });
    const sizes = [10, 2000, 10, 3000, 3000, 10];
    for (const size of sizes) await log.append({ value: "x".repeat(size) });
    const contents = [];
    for (const name of await segmentsOf(machine)) {
      contents.push((await recordBatchesOf(machine, name)).map(({ count, length }) => [count, length > 500]));
    }
    expect(
      contents.filter((batches) => batches.some(([, isLarge]) => isLarge)).map(({ length }) => length),
    ).toEqual([1, 1, 1]);
    expect((await valuesOf(log)).map(({ length }) => length)).toEqual(sizes);
    await machine.die();
    expect((await valuesOf(await machine.open())).map(({ length }) => length)).toEqual(sizes);
  });

  test("of one byte is allowed, and takes one group each", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 1 } });
    for (let index = 0; index < 5; index++) await log.append({ value: `${index}` });
    expect(await segmentsOf(machine)).toHaveLength(5);
    await log.close();
    expect(await valuesOf(await machine.open({ segment: { maxBytes: 1 } }))).toEqual([
      "0",
      "1",
      "2",
      "3",
      "4",
    ]);
  });

  test("ends on the first append after its age, and not before", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxAgeMs: hour } });
    await log.append({ value: "a" });
    machine.now += hour - 1;
    await log.append({ value: "b" });
    expect(log.stats().segments).toBe(1);
    machine.now += 1;
    expect(log.stats().segments).toBe(1);
    expect((await log.append({ value: "c" })).segment).toBe("00000000000000000002.wal");
    expect(log.stats().segments).toBe(2);
    machine.now += 5 * hour;
    await log.append({ value: "d" });
    await log.append({ value: "e" });
    expect(log.stats().segments).toBe(3);
  });

  test("counts its age from its creation, also when the log was closed in between", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxAgeMs: hour } });
    await log.append({ value: "a" });
    await log.close();
    machine.now += hour;
    const again = await machine.open({ segment: { maxAgeMs: hour } });
    expect(again.stats().segments).toBe(1);
    await again.append({ value: "b" });
    expect(again.stats().segments).toBe(2);
  });

  test("does not end by age while it is empty, nor when the clock goes back", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxAgeMs: hour } });
    machine.now += 10 * hour;
    await log.append({ value: "a" });
    expect(log.stats().segments).toBe(1);
    machine.now -= 100 * hour;
    const rotations = log.stats().segments;
    await log.append({ value: "b" });
    expect(log.stats().segments).toBeLessThanOrEqual(rotations + 1);
    expect(await valuesOf(log)).toEqual(["a", "b"]);
  });

  test("may hold half a megabyte by default", async () => {
    const log = await model.build().open();
    for (let index = 0; index < 100; index++) await log.append({ value: "x".repeat(5000) });
    expect(log.stats().segments).toBe(1);
  });
});

describe.each(models)("rotate ($name)", (model) => {
  test("ends the segment and says what is in it", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    await log.appendBatch([{ value: "b" }, { value: "c" }]);
    const closed = (await log.rotate())!;
    const [name] = await segmentsOf(machine);
    const end = (await recordBatchesOf(machine, name!)).at(-1)!.end;
    expect(closed).toEqual({ name, first: 0, next: 3, bytes: end });
    await log.append({ value: "d" });
    expect(await log.rotate()).toMatchObject({ first: 3, next: 4 });
  });

  // KAFKA-6388: rolling an empty segment collides with itself.
  test("of an empty segment answers nothing and does nothing", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.calls = [];
    expect(await log.rotate()).toBeUndefined();
    expect(await log.rotate()).toBeUndefined();
    expect(machine.calls).toEqual([]);
    await log.append({ value: "a" });
    await log.rotate();
    expect(await Promise.all([log.rotate(), log.rotate()])).toEqual([undefined, undefined]);
    expect(await segmentsOf(machine)).toHaveLength(2);
    await log.close();
    const again = await machine.open();
    expect(await again.rotate()).toBeUndefined();
    expect(await segmentsOf(machine)).toHaveLength(2);
  });

  test("takes with it what was appended before, and nothing that is appended after", async () => {
    const log = await model.build().open();
    const before = [log.append({ value: "a" }), log.append({ value: "b" })];
    log.stage({ value: "c" });
    const rotating = log.rotate();
    const after = log.append({ value: "d" });
    expect(await rotating).toMatchObject({ first: 0, next: 3 });
    const segments = (await Promise.all([...before, after])).map(({ segment }) =>
      Number(segment.slice(0, 20)),
    );
    expect(segments).toEqual([0, 0, 3]);
  });

  test("again and again, beside appends, loses and reorders nothing", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 700 } });
    const calls: Promise<unknown>[] = [];
    for (let index = 0; index < 100; index++) {
      calls.push(log.append({ value: `${index}` }));
      if (index % 7 === 0) calls.push(log.rotate());
      if (index % 31 === 0) await calls.at(-1);
    }
    expect(new Set(await endings(calls))).toEqual(new Set(["fulfilled"]));
    expect(await valuesOf(log)).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
    await machine.die();
    expect(await valuesOf(await machine.open())).toHaveLength(100);
  });

  test("leaves a seal behind the records, which names the next segment", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    await log.rotate();
    const [name] = await segmentsOf(machine);
    expect((await batchesOf(machine, name!)).at(-1)!.control).toEqual({ is: "seal", base: 1, epoch: 2 });
  });
});
