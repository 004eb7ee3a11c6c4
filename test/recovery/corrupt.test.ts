/**
 * Damage to what was once flushed: opening or reading says `CORRUPT` and where, and touches nothing. Each
 * test damages bytes that a watermark, a link or a close batch vouches for, and compares every byte on disk
 * before and after.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import { printed } from "../support/content.ts";
import { failing } from "../support/faults.ts";
import { type Machine, models } from "../support/machine.ts";
import {
  batchesOf,
  corruption,
  cut,
  edit,
  fill,
  flip,
  recordBatchesOf,
  segmented,
  segmentsOf,
  zero,
} from "./damage.ts";

/** Reads to the damage, if there is one, and answers the offsets before it and the error. */
async function readToDamage(log: Log, from = 0): Promise<{ offsets: number[]; error: unknown }> {
  const offsets: number[] = [];
  try {
    for await (const { offset } of log.read({ from })) offsets.push(offset);
  } catch (error) {
    return { offsets, error };
  }
  return { offsets, error: undefined };
}

async function unclosed(machine: Machine): Promise<string> {
  await fill(await machine.open(), 6);
  await machine.die();
  return (await segmentsOf(machine))[0]!;
}

describe.each(models)("damage below a watermark ($name)", (model) => {
  test.each([
    ["a flipped bit in a header", (position: number) => flip(position + 20)],
    ["zeros", (position: number, end: number) => zero(position, end)],
  ])("refuses to open the log: %s", async (_, damage) => {
    const machine = model.build();
    const name = await unclosed(machine);
    const batch = (await recordBatchesOf(machine, name))[2]!;
    const vouched = (await recordBatchesOf(machine, name)).at(-1)!.watermark;
    await edit(machine, name, damage(batch.position, batch.end));

    const error = await corruption(machine);
    expect(error).toMatchObject({ segment: name, position: batch.position, first: 2 });
    for (const part of [
      name,
      String(batch.position),
      "offset 2",
      String(vouched),
      "Nothing was changed",
      "salvage",
    ]) {
      expect(error.message).toContain(part);
    }
  });

  test("of records is found when they are read, as in an older segment", async () => {
    const machine = model.build();
    const name = await unclosed(machine);
    const batch = (await recordBatchesOf(machine, name))[2]!;
    await edit(machine, name, flip(batch.position + 66));

    const log = await machine.open();
    expect(log.recovery).toMatchObject({ verdict: "sound", next: 6 });
    const { offsets, error } = await readToDamage(log);
    expect(offsets).toEqual([0, 1]);
    expect(error).toMatchObject({ code: "CORRUPT", segment: name, position: batch.position, first: 2 });
    // What is appended now is written behind it, and is as durable as ever.
    await fill(log, 1);
    await machine.die();
    const { offsets: again } = await readToDamage(await machine.open());
    expect(again).toEqual([0, 1]);
    expect(await readToDamage(machine.latest()!, 3)).toEqual({ offsets: [3, 4, 5, 6], error: undefined });
  });

  test("of records does not keep those of a producer behind them from being carried over", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 3);
    const producer = { id: "p", epoch: 1, sequence: 0 };
    await log.append({ value: "v" }, { producer });
    await machine.die();
    const [name] = await segmentsOf(machine);
    await edit(machine, name!, flip((await recordBatchesOf(machine, name!))[0]!.position + 66));

    const again = await machine.open();
    expect(again.recovery).toMatchObject({ verdict: "sound", rewritten: { first: 3, next: 4 } });
    expect(await again.append({ value: "v" }, { producer })).toMatchObject({ offset: 3, duplicate: true });
  });

  test("of records of a producer refuses to open the log, which would not know them again", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (let sequence = 0; sequence < 3; sequence++) {
      await log.append({ value: "v" }, { producer: { id: "p", epoch: 1, sequence } });
    }
    await machine.die();
    const [name] = await segmentsOf(machine);
    const batch = (await recordBatchesOf(machine, name!))[1]!;
    await edit(machine, name!, flip(batch.end - 8));
    expect(await corruption(machine)).toMatchObject({ segment: name, position: batch.position, first: 1 });
  });

  test("is told from the first damage on, though that alone would not refuse to open the log", async () => {
    const machine = model.build();
    const name = await unclosed(machine);
    const [, one, , three] = await recordBatchesOf(machine, name);
    await edit(machine, name, flip(one!.position + 66));
    await edit(machine, name, flip(three!.position + 20));
    expect(await corruption(machine)).toMatchObject({ segment: name, position: one!.position, first: 1 });
  });

  test("refuses to open the log: a part is missing from the middle of the file", async () => {
    const machine = model.build();
    const name = await unclosed(machine);
    const [, one, two] = await recordBatchesOf(machine, name);
    await edit(machine, name, (bytes) =>
      Buffer.concat([bytes.slice(0, one!.position), bytes.slice(two!.position)]),
    );
    // Headers say where they belong, so those behind the gap bear no witness; what they say is not believed.
    const log = await machine.open();
    expect(log.recovery).toMatchObject({ verdict: "torn", next: 1 });
  });

  test("of the start of the segment refuses to open the log", async () => {
    const machine = model.build();
    const name = await unclosed(machine);
    await edit(machine, name, flip(40));
    expect(await corruption(machine)).toMatchObject({ segment: name, position: 0, first: 0 });
  });

  test("of the 32 bytes of the segment refuses to open the log", async () => {
    for (const position of [0, 6, 12, 28]) {
      const machine = model.build();
      const name = await unclosed(machine);
      await edit(machine, name, flip(position));
      expect(await corruption(machine)).toMatchObject({ segment: name, position: 0, first: 0 });
    }
  });

  test("is no hindrance to opening the log again once the file is restored", async () => {
    const machine = model.build();
    const name = await unclosed(machine);
    const whole = (await machine.files()).get(name)!;
    await edit(machine, name, flip((await recordBatchesOf(machine, name))[1]!.position));
    await corruption(machine);
    await edit(machine, name, () => whole);
    expect((await machine.open()).recovery).toMatchObject({ verdict: "sound", next: 6 });
  });
});

describe.each(models)("damage below a link ($name)", (model) => {
  // rocksdb#7701, pebble#864: a bad segment, and replay goes on with the next one.
  test("of an old segment is found when it is read, and nothing behind it is served", async () => {
    const machine = model.build();
    const [, name] = await segmented(machine, { segments: 3, closed: true });
    const batch = (await recordBatchesOf(machine, name!))[1]!;
    await edit(machine, name!, flip(batch.position + 66));
    const before = printed(await machine.files());

    const log = await machine.open();
    const { offsets, error } = await readToDamage(log);
    expect(offsets).toEqual([0, 1, 2, 3]);
    expect(error).toMatchObject({ code: "CORRUPT", segment: name, position: batch.position, first: 4 });
    // What is not damaged can still be asked for.
    expect(await readToDamage(log, 5)).toEqual({ offsets: [5, 6, 7, 8], error: undefined });
    await log.close();
    expect(printed(await machine.files())).toEqual(before);
  });

  test("of a producer's record hinders neither those that read behind it, nor the producer", async () => {
    const machine = model.build();
    const log = await machine.open();
    const producer = { id: "p", epoch: 1 };
    for (let sequence = 0; sequence < 6; sequence++) {
      await log.append({ value: "v" }, { producer: { ...producer, sequence } });
    }
    await log.rotate();
    await fill(log, 1);
    await log.close();
    const [name] = await segmentsOf(machine);
    const batch = (await recordBatchesOf(machine, name!))[1]!;
    await edit(machine, name!, flip(batch.end - 8));

    const again = await machine.open();
    expect(await readToDamage(again, 2)).toEqual({ offsets: [2, 3, 4, 5, 6], error: undefined });
    expect(await readToDamage(again)).toMatchObject({ offsets: [0], error: { code: "CORRUPT", first: 1 } });
    const repeated = await again.append({ value: "v" }, { producer: { ...producer, sequence: 5 } });
    expect(repeated).toMatchObject({ offset: 5, duplicate: true });
  });

  test("of the last batch before the link is found, though the batch itself is cut off whole", async () => {
    const machine = model.build();
    const [, name] = await segmented(machine, { segments: 3, closed: true });
    const batch = (await recordBatchesOf(machine, name!)).at(-1)!;
    await edit(machine, name!, cut(batch.position));
    const log = await machine.open();
    const { offsets, error } = await readToDamage(log);
    expect(offsets).toEqual([0, 1, 2, 3, 4]);
    expect(error).toMatchObject({ code: "CORRUPT", segment: name, position: batch.position, first: 5 });
  });

  test("of another segment's bytes in its place is found, though each of its batches is valid", async () => {
    const machine = model.build();
    const other = model.build();
    const [, name] = await segmented(machine, { segments: 3, closed: true });
    other.now += 5;
    await segmented(other, { segments: 3, closed: true });
    const stranger = (await other.files()).get(name!)!;
    await edit(machine, name!, () => stranger);
    const { offsets, error } = await readToDamage(await machine.open());
    expect(offsets.every((offset) => offset < 6)).toBe(true);
    expect(error).toMatchObject({ code: "CORRUPT" });
  });

  // Log2n-io/Typhon#938: an unopenable middle segment is skipped, and the evidence deleted.
  test("of the start of a middle segment is found when it is read, and the file stays", async () => {
    const machine = model.build();
    const [, , name] = await segmented(machine, { segments: 6, closed: true });
    await edit(machine, name!, zero(0, 100));
    const before = printed(await machine.files());
    const log = await machine.open();
    const { offsets, error } = await readToDamage(log);
    expect(offsets.every((offset) => offset < 6)).toBe(true);
    expect(error).toMatchObject({ code: "CORRUPT", segment: name });
    await log.close();
    expect(printed(await machine.files())).toEqual(before);
  });

  test.each([1, 2])(
    "of the start of a segment that opening reads is told with its name (%i of 4)",
    async (index) => {
      const machine = model.build();
      const names = await segmented(machine, { segments: 4, closed: true });
      await edit(machine, names[index]!, flip(40));
      const error = await corruption(machine);
      expect(error).toMatchObject({ segment: names[index], position: 0, first: index * 3 });
    },
  );
});

describe.each(models)("damage below a close batch ($name)", (model) => {
  test("of the records is found when they are read", async () => {
    const machine = model.build();
    const [name] = await segmented(machine, { segments: 1, closed: true });
    const batch = (await recordBatchesOf(machine, name!))[2]!;
    await edit(machine, name!, flip(batch.position + 66));
    const log = await machine.open();
    const { offsets, error } = await readToDamage(log);
    expect(offsets).toEqual([0, 1]);
    expect(error).toMatchObject({ code: "CORRUPT", segment: name, position: batch.position, first: 2 });
  });

  test("of the close batch itself costs nothing but the knowledge that the log was closed", async () => {
    const machine = model.build();
    const [name] = await segmented(machine, { segments: 1, closed: true });
    const close = (await batchesOf(machine, name!)).at(-1)!;
    expect(close.control?.is).toBe("close");
    await edit(machine, name!, flip(close.position + 70));
    const log = await machine.open();
    expect(log.recovery).toMatchObject({ verdict: "torn", next: 3, torn: { position: close.position } });
  });

  test("of the close batch and of a record refuses to open the log", async () => {
    const machine = model.build();
    const [name] = await segmented(machine, { segments: 1, closed: true });
    const close = (await batchesOf(machine, name!)).at(-1)!;
    const batch = (await recordBatchesOf(machine, name!))[1]!;
    await edit(machine, name!, flip(close.position + 70));
    await edit(machine, name!, flip(batch.position));
    expect(await corruption(machine)).toMatchObject({ segment: name, position: batch.position, first: 1 });
  });
});

describe.each(models)("a read error ($name)", (model) => {
  // rocksdb#6288: a read error during recovery is taken for corruption, and good data is cut.
  test("at any point of opening says nothing about the bytes, and changes none of them", async () => {
    const machine = model.build();
    await segmented(machine, { segments: 3, closed: false });
    const before = printed(await machine.files());
    let met = 1;
    for (let after = 0; met > 0; after++) {
      const hook = failing({
        op: ["read", "size", "open", "list"],
        after,
        when: ({ op, name }) => op !== "open" || name !== "",
      });
      machine.hook = hook;
      const opening = machine.open();
      const log = await opening.catch(() => undefined);
      met = hook.met;
      machine.hook = undefined;
      if (met === 0) {
        expect(log?.recovery).toMatchObject({ verdict: "sound", next: 9 });
        expect(after).toBeGreaterThan(5);
        return;
      }
      // The last of them meets the file that the tail is about to be rewritten to.
      const code = log === undefined && after > 5 ? /READ_FAILED|UNAVAILABLE/ : /READ_FAILED/;
      const error = await opening.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: expect.stringMatching(code), cause: { code: "EIO" } });
      expect(printed(await machine.files())).toEqual(before);
    }
  });
});
