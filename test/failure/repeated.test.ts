/**
 * Failures that come again and again, as they do while a disk is full or gone: no pile of files, no growth
 * of memory, no offset used up, and the first success is like the first append ever.
 */
import { describe, expect, test } from "vitest";
import { linesOf, valuesOf } from "../support/content.ts";
import { failing, failingAfterwards, miscounting } from "../support/faults.ts";
import type { Hook } from "../support/faulty-storage.ts";
import { type Machine, models } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";

const isRecord = ({ position }: { position?: number }): boolean => position! > 0;

/** A fault for one append, of which the first try finds a healthy segment and all others do not. */
const faults: Record<string, () => Hook> = {
  "the flush of the record": () => failing({ op: "flush", after: 1 }),
  "the flush of the record when it was done": () => failingAfterwards({ op: "flush", after: 1 }),
  "the write of the record": () => failing({ op: "write", when: isRecord }),
  "half of the write of the record": () => miscounting({ when: isRecord }, () => ({ bytes: 30 })),
  "the creation of a segment": () => failing({ op: "create" }),
  "the start of a segment": () => failing({ op: "write" }),
  "the first flush of a segment": () => failing({ op: "flush" }),
  "the first flush of a segment when it was done": () => failingAfterwards({ op: "flush" }),
};

const segments = async (machine: Machine): Promise<number> => (await machine.files()).size;

describe.each(models)("a hundred failures in a row ($name)", (model) => {
  test.each(Object.keys(faults))("of %s leave no pile of files and no trace in the log", async (name) => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "before" });
    machine.hook = failing({ op: "flush" });
    await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");

    for (let failure = 0; failure < 100; failure++) {
      machine.hook = faults[name]!();
      await refusal(log.append({ value: `failed ${failure}` }), "FLUSH_FAILED");
      if (failure % 25 === 0) expect(await segments(machine)).toBeLessThanOrEqual(4);
    }
    expect(log).toMatchObject({ first: 0, next: 1, durable: 1 });
    expect(log.stats()).toMatchObject({ pendingBytes: 0, flushFailures: 101 });

    machine.hook = undefined;
    expect(await log.append({ value: "after" })).toMatchObject({ offset: 1 });
    expect(await segments(machine)).toBeLessThanOrEqual(3);
    await machine.die();
    const again = await machine.open();
    expect(await valuesOf(again)).toEqual(["before", "after"]);
    expect(await segments(machine)).toBeLessThanOrEqual(3);
  });

  test("with a success between each two keep every success, and nothing else", async () => {
    const machine = model.build();
    const log = await machine.open();
    const expected: string[] = [];
    const hooks = Object.values(faults);
    for (let round = 0; round < 100; round++) {
      machine.hook = hooks[round % hooks.length]!();
      const value = `${round}`;
      const ack = await log.append({ value }).catch(() => undefined);
      machine.hook = undefined;
      if (ack === undefined) expect((await log.append({ value })).offset).toBe(round);
      else expect(ack.offset).toBe(round);
      expected.push(value);
    }
    expect(await valuesOf(log)).toEqual(expected);
    const lines = await linesOf(log);
    await machine.die();
    expect(await linesOf(await machine.open())).toEqual(lines);
  });
});

describe.each(models)("a process that dies again and again ($name)", (model) => {
  test("and only opens its log leaves no pile of files", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const value of ["a", "b"]) await log.append({ value });
    for (let death = 0; death < 12; death++) {
      if (machine.inMemory && death % 2 === 0) machine.losePower();
      else await machine.die();
      expect(await valuesOf(await machine.open())).toEqual(["a", "b"]);
    }
    expect(await segments(machine)).toBeLessThanOrEqual(3);
  });

  test("while it opens its log loses nothing", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const value of ["a", "b"]) await log.append({ value });
    for (const op of ["create", "write", "flush", "remove", "flush", "write"] as const) {
      await machine.die();
      machine.hook = failing({ op });
      await machine.open().catch(() => undefined);
      machine.hook = undefined;
    }
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["a", "b"]);
    expect(await segments(machine)).toBeLessThanOrEqual(4);
  });
});
