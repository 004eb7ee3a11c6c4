/**
 * A crash while the next segment was being created: whatever became of its file, the segment before it is
 * the last one, with all its records, and the file is reported and removed.
 */
import { describe, expect, test } from "vitest";
import { linesOf, valuesOf } from "../support/content.ts";
import { type Machine, models } from "../support/machine.ts";
import { batchesOf, corruption, cut, edit, fill, flip, put, segmentsOf } from "./damage.ts";

interface Creation {
  /** The records that the log holds. */
  readonly lines: string[];
  readonly name: string;
  /** What the file would have held. */
  readonly whole: Uint8Array;
}

/** A log of three records that was about to begin its second segment. */
async function rotating(machine: Machine): Promise<Creation> {
  const log = await machine.open();
  await fill(log, 3);
  const lines = await linesOf(log);
  const before = await machine.files();
  await log.rotate();
  const name = (await segmentsOf(machine))[1]!;
  const whole = (await machine.files()).get(name)!;
  await machine.die();
  for (const [each, bytes] of before) await put(machine, each, bytes);
  return { lines, name, whole };
}

/** A log that was about to rewrite the last three of its records after a crash. */
async function rewriting(machine: Machine): Promise<Creation> {
  const log = await machine.open({ maxBatchBytes: 100 });
  await fill(log, 3);
  await Promise.all([..."abc"].map((letter) => log.append({ value: letter.repeat(50) })));
  const lines = await linesOf(log);
  await machine.die();
  const before = await machine.files();
  await machine.open();
  const name = (await segmentsOf(machine))[1]!;
  const whole = (await machine.files()).get(name)!;
  await machine.die();
  for (const [each, bytes] of before) await put(machine, each, bytes);
  return { lines, name, whole };
}

async function expectUnborn(machine: Machine, { lines, name }: Creation): Promise<void> {
  const log = await machine.open();
  expect(log.recovery).toMatchObject({ unborn: [name], torn: undefined, next: lines.length });
  expect(log.recovery.verdict).toBe("sound");
  expect(await linesOf(log)).toEqual(lines);
  expect((await log.append({ value: "more" })).offset).toBe(lines.length);
  await machine.die();
  const again = await machine.open();
  expect(again.recovery.unborn).toEqual([]);
  expect((await linesOf(again)).slice(0, -1)).toEqual(lines);
}

describe.each(models)("a segment whose creation was not finished ($name)", (model) => {
  test.each([0, 1, 31, 32, 50, 95, 96, 120])("is not part of the log: %i bytes of it", async (size) => {
    const machine = model.build();
    const creation = await rotating(machine);
    await put(machine, creation.name, creation.whole.slice(0, size));
    await expectUnborn(machine, creation);
  });

  test.each([8, 32, 4096])("is not part of the log: %i zeros", async (size) => {
    const machine = model.build();
    const creation = await rotating(machine);
    await put(machine, creation.name, new Uint8Array(size));
    await expectUnborn(machine, creation);
  });

  test("is not part of the log: its header without a start", async () => {
    const machine = model.build();
    const creation = await rotating(machine);
    const bytes = new Uint8Array(creation.whole.length);
    bytes.set(creation.whole.slice(0, 32));
    await put(machine, creation.name, bytes);
    await expectUnborn(machine, creation);
  });

  test("is the end of the log, if it was finished all the same", async () => {
    const machine = model.build();
    const { lines, name, whole } = await rotating(machine);
    await put(machine, name, whole);
    const log = await machine.open();
    expect(log.recovery).toMatchObject({ unborn: [], verdict: "sound", next: 3, segments: 2 });
    expect(await linesOf(log)).toEqual(lines);
  });

  test("is not part of the log while records are missing that it was to carry", async () => {
    const scout = model.build();
    const { whole, name } = await rewriting(scout);
    await put(scout, name, whole);
    // The last batch only bears witness that what it was to carry had been flushed.
    const ends = (await batchesOf(scout, name)).map(({ end }) => end).slice(0, -1);
    expect(ends).toHaveLength(4);
    for (const size of [...ends.slice(0, -1), ends.at(-1)! - 1]) {
      const machine = model.build();
      const creation = await rewriting(machine);
      await put(machine, name, whole.slice(0, size));
      await expectUnborn(machine, creation);
    }
  });

  // What the crash left of the new file says nothing about the old one, which was not yet let go of.
  test("does not hide that the segment before it is torn", async () => {
    const machine = model.build();
    const { name, whole, lines } = await rewriting(machine);
    await put(machine, name, whole.slice(0, 96));
    const [old] = await segmentsOf(machine);
    const last = (await batchesOf(machine, old!)).at(-1)!;
    await edit(machine, old!, cut(last.end - 1));
    const log = await machine.open();
    expect(log.recovery).toMatchObject({ unborn: [name], verdict: "torn", next: 5 });
    expect(await linesOf(log)).toEqual(lines.slice(0, 5));
  });

  test("twice in a row costs nothing", async () => {
    const machine = model.build();
    const creation = await rewriting(machine);
    for (let crash = 0; crash < 3; crash++) {
      await put(machine, creation.name, creation.whole.slice(0, 96 + crash * 8));
      await machine.open();
      await machine.die();
    }
    expect(await linesOf(await machine.open())).toEqual(creation.lines);
  });
});

describe.each(models)("a segment that was finished and written to ($name)", (model) => {
  test("is not taken for one that never was, when its start is damaged", async () => {
    for (const position of [0, 40, 100]) {
      const machine = model.build();
      const log = await machine.open();
      await fill(log, 3);
      await log.rotate();
      await fill(log, 2);
      await machine.die();
      const [old, name] = await segmentsOf(machine);
      // Without its seal, which is a help and not a promise.
      const seal = (await batchesOf(machine, old!)).at(-1)!;
      expect(seal.control?.is).toBe("seal");
      await edit(machine, old!, cut(seal.position));
      await edit(machine, name!, flip(position));
      expect(await corruption(machine)).toMatchObject({ segment: name, position: 0, first: 3 });
    }
  });

  test("keeps its records when only its last write is torn", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 2);
    await log.rotate();
    await fill(log, 2);
    await machine.die();
    const name = (await segmentsOf(machine))[1]!;
    const last = (await batchesOf(machine, name)).at(-1)!;
    await edit(machine, name, cut(last.position + 10));
    const again = await machine.open();
    expect(again.recovery).toMatchObject({ verdict: "torn", next: 3, unborn: [] });
    expect(await valuesOf(again)).toEqual(["0 ", "1 ", "2 "]);
  });
});
