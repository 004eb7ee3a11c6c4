/**
 * The producers themselves: an older incarnation is fenced off, each is remembered for as long as the limits
 * allow, and what is no longer remembered is said to be so. All of it holds after a restart as before.
 */
import { describe, expect, test } from "vitest";
import type { AppendOptions, Log, RecordInput } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { type Machine, models } from "../support/machine.ts";
import { endings, refusal, thrown } from "../support/outcome.ts";

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

describe.each(models)("producers ($name)", (model) => {
  test("do not know of each other", async () => {
    const log = await model.build().open();
    for (const id of ["p", "q", "", "P"].filter((each) => each !== "")) {
      expect((await send(log, id, by(0, 0, id)))[1]).toBe(false);
      expect((await send(log, id, by(0, 0, id)))[1]).toBe(true);
    }
    expect(await valuesOf(log)).toEqual(["p", "q", "P"]);
  });

  test.each(restarts)("of an older epoch are fenced off, also after the log was %s", async (_, restart) => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" }, by(7, 1));
    expect(await send(log, "b", by(0, 2))).toEqual([1, false]);
    const error = await refusal(log.append({ value: "late" }, by(8, 1)), "FENCED");
    expect(error.message).toContain("epoch 2");
    thrown(() => log.stage({ value: "late" }, by(8, 0)), "FENCED");
    await refusal(log.appendBatch(many("late"), by(8, 1)), "FENCED");
    // Also with a sequence that it had written: somebody else is the producer now.
    await refusal(log.append({ value: "a" }, by(7, 1)), "FENCED");
    await restart(machine, log);
    const again = await machine.open();
    await refusal(again.append({ value: "late" }, by(8, 1)), "FENCED");
    expect(await send(again, "b", by(0, 2))).toEqual([1, true]);
    expect(await valuesOf(again)).toEqual(["a", "b"]);
  });

  test("are fenced off by an epoch that is on its way", async () => {
    const log = await model.build().open();
    const appends = [
      log.append({ value: "old" }, by(0, 1)),
      log.append({ value: "new" }, by(0, 2)),
      log.append({ value: "late" }, by(1, 1)),
    ];
    expect(await endings(appends)).toEqual(["fulfilled", "fulfilled", "FENCED"]);
  });

  test("may leave gaps, and what they left out is said to be a DUPLICATE later", async () => {
    const log = await model.build().open();
    expect(await send(log, "a", by(0))).toEqual([0, false]);
    expect(await send(log, "b", by(10))).toEqual([1, false]);
    await refusal(log.append({ value: "between" }, by(5)), "DUPLICATE");
    expect(await send(log, "a", by(0))).toEqual([0, true]);
    expect(await valuesOf(log)).toEqual(["a", "b"]);
  });

  test.each(restarts)(
    "remember the last runs of each, and say so of those before (%s)",
    async (_, restart) => {
      const machine = model.build();
      const log = await machine.open();
      // Each is a run of its own, because something lies in between.
      for (let index = 0; index < 20; index++) {
        await log.append({ value: `${index}` }, by(index));
        await log.append({ value: "between" });
      }
      await restart(machine, log);
      const again = await machine.open();
      for (let sequence = 19; sequence >= 12; sequence--) {
        expect(await send(again, "?", by(sequence))).toEqual([sequence * 2, true]);
      }
      await refusal(again.append({ value: "?" }, by(11)), "DUPLICATE");
      await refusal(again.append({ value: "?" }, by(0)), "DUPLICATE");
      expect(again.next).toBe(40);
    },
  );

  test.each(restarts)("are remembered up to maxProducers, those that wrote last (%s)", async (_, restart) => {
    const machine = model.build();
    const log = await machine.open({ maxProducers: 3 });
    for (const id of ["a", "b", "c", "a", "d"]) await log.append({ value: id }, by(log.next, 0, id));
    await restart(machine, log);
    const again = await machine.open({ maxProducers: 3 });
    for (const [id, sequence] of [
      ["a", 3],
      ["c", 2],
      ["d", 4],
    ] as const) {
      expect(await send(again, id, by(sequence, 0, id))).toEqual([sequence, true]);
    }
    // Forgotten: it cannot be told from a new one.
    expect(await send(again, "b", by(1, 0, "b"))).toEqual([5, false]);
  });

  test("are as many as maxProducers says also when the log had more of them before", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const id of ["a", "b", "c", "d", "e"]) await log.append({ value: id }, by(0, 0, id));
    await log.close();
    const smaller = await machine.open({ maxProducers: 2 });
    await smaller.append({ value: "f" }, by(0, 0, "f"));
    expect((await send(smaller, "f", by(0, 0, "f")))[1]).toBe(true);
    expect((await send(smaller, "e", by(0, 0, "e")))[1]).toBe(true);
    expect((await send(smaller, "d", by(0, 0, "d")))[1]).toBe(false);
  });

  test("and records without a producer do not share a batch", async () => {
    const log = await model.build().open();
    await Promise.all([
      log.append({ value: "a" }),
      log.append({ value: "b" }, by(0)),
      log.append({ value: "c" }, by(1)),
      log.append({ value: "d" }, by(0, 0, "q")),
      log.append({ value: "e" }),
    ]);
    const batches = [];
    for await (const batch of log.readBatches()) batches.push([batch.count, batch.producer()?.id]);
    expect(batches).toEqual([
      [1, undefined],
      [2, "p"],
      [1, "q"],
      [1, undefined],
    ]);
  });
});
