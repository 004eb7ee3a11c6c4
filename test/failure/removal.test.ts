/**
 * Files that cannot be removed: somebody looks at them, or the disk fails. Truncation and retention go on
 * without it, what was truncated stays so, and the files are removed when that is possible again.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import { linesOf, summaryOf, valuesOf } from "../support/content.ts";
import { failing, failingAfterwards } from "../support/faults.ts";
import { type Machine, models } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";

/** Ten records to a segment, as many segments as asked for. */
async function filled(machine: Machine, segments: number): Promise<Log> {
  const log = await machine.open();
  for (let segment = 0; segment < segments; segment++) {
    if (segment > 0) await log.rotate();
    for (let index = 0; index < 10; index++) await log.append({ value: `${segment * 10 + index}` });
  }
  return log;
}

const segmentsIn = async (machine: Machine): Promise<string[]> => [...(await machine.files()).keys()];

describe.each(models)("a removal that fails ($name)", (model) => {
  test.each([0, 1, 2, 3])(
    "is no failure of truncateBefore, and is made up for later (failure %i)",
    async (after) => {
      const machine = model.build();
      const log = await filled(machine, 5);
      const hook = failing({ op: "remove", after, times: 1 });
      machine.hook = hook;
      await log.truncateBefore(45);
      expect(log.first).toBe(45);
      expect(await valuesOf(log)).toEqual(["45", "46", "47", "48", "49"]);
      expect(hook.met).toBe(1);
      expect((await segmentsIn(machine)).length).toBeGreaterThan(1);

      await log.rotate();
      await log.append({ value: "50" });
      expect(await segmentsIn(machine)).toHaveLength(2);
      expect(log.stats().segments).toBe(2);
      await log.close();
      expect(await summaryOf(await machine.open())).toMatchObject({ first: 45, next: 51 });
    },
  );

  test("to be durable fails the segment of the moment, to which a truncation then writes nothing", async () => {
    const machine = model.build();
    const log = await filled(machine, 5);
    // The flush that a new segment is born with passes, and the one behind a removal does not.
    machine.hook = failing({ op: "flush", after: 1 });
    await log.truncateAfter(2);
    machine.hook = failing({ op: "flush", after: 1 });
    await refusal(log.truncateBefore(1), "FLUSH_FAILED");
    machine.hook = undefined;
    expect(await valuesOf(log)).toEqual(["0", "1", "2"]);

    await log.truncateBefore(1);
    await machine.die();
    expect(await summaryOf(await machine.open())).toMatchObject({ first: 1, next: 3, values: ["1", "2"] });
    // The machine notes it when a file that failed is written to.
    expect(machine.misuses).toEqual([]);
  });

  test.each([0, 1, 2])(
    "is no failure of truncateAfter, and is made up for later (failure %i)",
    async (after) => {
      const machine = model.build();
      const log = await filled(machine, 5);
      const hook = failing({ op: "remove", after, times: 1 });
      machine.hook = hook;
      await log.truncateAfter(14);
      expect(log).toMatchObject({ first: 0, next: 15, durable: 15 });
      expect(hook.met).toBe(1);

      for (let index = 15; index < 50; index++) {
        await log.append({ value: `again ${index}` });
        if (index % 10 === 9) await log.rotate();
      }
      const lines = await linesOf(log);
      expect(lines).toHaveLength(50);
      const { segments } = log.stats();
      expect(await segmentsIn(machine)).toHaveLength(segments);
      await machine.die();
      expect(await linesOf(await machine.open())).toEqual(lines);
    },
  );

  test("of a file that is gone already is no failure either", async () => {
    const machine = model.build();
    const log = await filled(machine, 4);
    machine.hook = failingAfterwards({ op: "remove" });
    await log.truncateBefore(25);
    await log.rotate();
    await log.truncateAfter(27);
    await log.append({ value: "instead" });
    expect(await valuesOf(log)).toEqual(["25", "26", "27", "instead"]);
    await log.close();
    expect(await valuesOf(await machine.open())).toEqual(["25", "26", "27", "instead"]);
  });

  test("for ever leaves a log that works, opens, and does not bring anything back", async () => {
    const machine = model.build();
    let log = await filled(machine, 4);
    machine.hook = failing({ op: "remove", times: Infinity });
    await log.truncateAfter(25);
    await log.append({ value: "instead of 26" });
    await log.truncateBefore(12);
    const expected = await linesOf(log);
    for (let restart = 0; restart < 3; restart++) {
      if (restart === 1) await machine.die();
      else await log.close();
      log = await machine.open();
      expect(await linesOf(log)).toEqual(expected);
    }
    machine.hook = undefined;
    await log.close();
    log = await machine.open();
    expect(await linesOf(log)).toEqual(expected);
    await log.close();
    log = await machine.open();
    expect(log.recovery).toMatchObject({ superseded: [], truncated: [], unborn: [] });
  });

  // A replaced segment that stays behind must never be taken for the one that replaced it.
  test("of a replaced segment never lets it stand in for the one that replaced it", async () => {
    const machine = model.build();
    const log = await filled(machine, 2);
    const replaced = (await segmentsIn(machine)).at(-1)!;
    machine.hook = failing({ op: "remove", name: replaced, times: Infinity });
    await log.truncateAfter(4);
    for (let index = 5; index < 40; index++) {
      if (index === 20 || index === 30) await log.rotate();
      await log.append({ value: `${index}` });
    }
    await log.truncateBefore(12);
    const expected = await summaryOf(log);
    expect(expected.values).toEqual(Array.from({ length: 28 }, (_, index) => `${index + 12}`));

    await log.close();
    expect(await summaryOf(await machine.open())).toEqual(expected);
  });
});

describe.each(models)("retention ($name)", (model) => {
  test("goes on although a file cannot be removed, and removes it later", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 500 }, retention: { maxBytes: 2000 } });
    machine.hook = failing({ op: "remove", times: 5 });
    for (let index = 0; index < 60; index++) await log.append({ value: `${index} ${"x".repeat(100)}` });
    expect(log.first).toBeGreaterThan(40);
    expect(await segmentsIn(machine)).toHaveLength(log.stats().segments);
    const { first, next, values } = await summaryOf(log);
    expect(values).toHaveLength(next - first);
  });

  test("opens a log whose old files cannot be removed", async () => {
    const machine = model.build();
    const log = await filled(machine, 5);
    await log.close();
    machine.now += 10_000;
    machine.hook = failing({ op: "remove", times: Infinity });
    const again = await machine.open({ retention: { maxAgeMs: 1000 } });
    expect(again.first).toBe(40);
    expect(await valuesOf(again)).toEqual(["40", "41", "42", "43", "44", "45", "46", "47", "48", "49"]);
  });
});

describe.each(models)("a file that was never finished ($name)", (model) => {
  test("and cannot be removed does not keep the log from being opened", async () => {
    const machine = model.build();
    const log = await filled(machine, 1);
    await log.close();
    const place = (await machine.storage.open(["orders", "0"], { mode: "write" }))!;
    const file = await place.create("00000000000000000010.wal");
    await file.write(new Uint8Array(20), 0);
    await file.close();
    await place.close();

    machine.hook = failing({ op: "remove", times: 1 });
    const again = await machine.open();
    expect(again.next).toBe(10);
    await again.rotate();
    expect(await again.append({ value: "10" })).toMatchObject({ offset: 10 });
    await machine.die();
    expect(await machine.open()).toMatchObject({ first: 0, next: 11 });
  });
});
