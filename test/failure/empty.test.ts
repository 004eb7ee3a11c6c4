/**
 * Logs and segments without records: what is empty still has a place in the row of offsets, and keeps it
 * through rotation, truncation, failures and restarts.
 */
import { describe, expect, test } from "vitest";
import { summaryOf, valuesOf } from "../support/content.ts";
import { failing } from "../support/faults.ts";
import { models } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";

describe.each(models)("an empty segment ($name)", (model) => {
  // KAFKA-6388: rolling an empty segment collides with itself.
  test("is not rotated, however often it is asked", async () => {
    const machine = model.build();
    const log = await machine.open();
    expect(await log.rotate()).toBeUndefined();
    expect(await log.rotate()).toBeUndefined();
    await log.append({ value: "a" });
    expect(await log.rotate()).toMatchObject({ first: 0, next: 1 });
    machine.calls = [];
    expect(await log.rotate()).toBeUndefined();
    expect(machine.calls).toEqual([]);
    expect(await log.append({ value: "b" })).toMatchObject({ offset: 1 });
    await log.close();
    expect(await valuesOf(await machine.open())).toEqual(["a", "b"]);
  });

  test("is not rotated by its age, and neither is it by a record larger than a segment", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 300, maxAgeMs: 1000 } });
    machine.now += 5000;
    await log.append({ value: "x".repeat(2000) });
    expect(log.stats()).toMatchObject({ segments: 1, rotations: 0 });
    await log.append({ value: "y" });
    expect(log.stats()).toMatchObject({ segments: 2, rotations: 1 });
  });

  test("that failed is replaced by one with the same base offset, again and again", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    await log.rotate();
    for (let failure = 0; failure < 5; failure++) {
      machine.hook = failing({ op: failure % 2 === 0 ? "flush" : "write" });
      await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");
      expect(await log.append({ value: `${failure}` })).toMatchObject({ offset: 1 });
      await log.truncateAfter(0);
    }
    await log.append({ value: "b" });
    expect((await machine.files()).size).toBeLessThanOrEqual(3);
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["a", "b"]);
  });
});

describe.each(models)("an emptied log ($name)", (model) => {
  // ModelarDB-RS#387: the empty segment was removed, and offsets began again at 0.
  test("keeps its next offset through every kind of restart", async () => {
    const machine = model.build();
    let log = await machine.open();
    for (const value of ["a", "b", "c"]) await log.append({ value });
    await log.truncateBefore(3);
    const empty = { first: 3, next: 3, durable: 3, values: [] };
    expect(await summaryOf(log)).toEqual(empty);

    for (let restart = 0; restart < 6; restart++) {
      if (restart % 3 === 0) await log.close();
      else if (restart % 3 === 1 && machine.inMemory) machine.losePower();
      else await machine.die();
      log = await machine.open();
      expect(await summaryOf(log)).toEqual(empty);
    }
    expect(await log.append({ value: "d" })).toMatchObject({ offset: 3 });
    expect((await machine.files()).size).toBe(1);
  });

  test("keeps it when retention has emptied it", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const value of ["a", "b", "c"]) await log.append({ value });
    await log.rotate();
    machine.now += 10_000;
    await log.close();
    const again = await machine.open({ retention: { maxAgeMs: 100, maxBytes: 0 } });
    expect(again).toMatchObject({ first: 3, next: 3 });
    expect(await again.append({ value: "d" })).toMatchObject({ offset: 3 });
  });

  test("keeps it when the truncation fails first, and when it is truncated from both ends", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const value of ["a", "b", "c", "d"]) await log.append({ value });
    machine.hook = failing({ op: "flush" });
    await refusal(log.truncateBefore(4), "FLUSH_FAILED");
    expect(await valuesOf(log)).toEqual(["a", "b", "c", "d"]);
    await log.truncateBefore(2);
    await log.truncateAfter(1);
    expect(await summaryOf(log)).toEqual({ first: 2, next: 2, durable: 2, values: [] });
    await log.close();
    const again = await machine.open();
    expect(again).toMatchObject({ first: 2, next: 2 });
    expect(await again.append({ value: "c" })).toMatchObject({ offset: 2 });
    await machine.die();
    expect(await summaryOf(await machine.open())).toEqual({ first: 2, next: 3, durable: 3, values: ["c"] });
  });

  test("emptied from the end begins at 0 again, with nothing of what was there", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 300 } });
    for (let index = 0; index < 12; index++) await log.append({ value: `old ${index}` });
    await log.truncateAfter(-1);
    expect(await summaryOf(log)).toEqual({ first: 0, next: 0, durable: 0, values: [] });
    await machine.die();
    const again = await machine.open();
    expect(await summaryOf(again)).toEqual({ first: 0, next: 0, durable: 0, values: [] });
    await again.append({ value: "new" });
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["new"]);
  });
});
