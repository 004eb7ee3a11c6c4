/**
 * Files that are gone. What names them, a link, a seal or an ordinal, makes their absence corruption: the log
 * does not open with a hole in it or without its end, and it never begins at 0 again.
 */
import { describe, expect, test } from "vitest";
import { linesOf } from "../support/content.ts";
import { models } from "../support/machine.ts";
import { corruption, cut, edit, fill, remove, segmented, segmentsOf } from "./damage.ts";

describe.each(models)("a segment that is gone ($name)", (model) => {
  test.each([
    ["the first", 0, { first: 0, next: 3 }],
    ["the second", 1, { first: 3, next: 6 }],
    ["one in the middle", 2, { first: 6, next: 9 }],
    ["the one before the last", 3, { first: 9, next: 12 }],
    ["the last", 4, { first: 12, next: undefined }],
  ])(
    "%s, keeps the log from opening, and the error says which offsets are missing",
    async (_, index, range) => {
      for (const closed of [true, false]) {
        const machine = model.build();
        const names = await segmented(machine, { segments: 5, closed });
        const gone = names[index]!;
        const bytes = (await machine.files()).get(gone)!;
        await remove(machine, gone);

        const error = await corruption(machine);
        expect(error).toMatchObject(range);
        expect(error.message).toContain("missing");
        expect(error.message).toContain(String(range.first));

        // Restored from a copy, it is as if nothing had been.
        await edit(machine, names[index === 0 ? 1 : 0]!, (same) => same);
        const opened = (await machine.storage.open(["orders", "0"], { mode: "write" }))!;
        const file = await opened.create(gone);
        await file.truncate(0);
        await file.write(bytes, 0);
        await file.flush();
        await file.close();
        await opened.close();
        expect((await machine.open()).recovery).toMatchObject({
          next: 15,
          verdict: closed ? "clean" : "sound",
        });
      }
    },
  );

  // pebble#864: replay goes on behind the gap.
  test("is missed in the middle of a log of many, where opening does not look", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 12, closed: true });
    await remove(machine, names[6]!);
    await corruption(machine);
  });

  test("is missed together with its neighbours", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 6, closed: true });
    for (const name of names.slice(2, 5)) await remove(machine, name);
    await corruption(machine);
  });

  test("is no loss when its records had been truncated away", async () => {
    const machine = model.build();
    await segmented(machine, { segments: 5, closed: true });
    const log = await machine.open();
    await log.truncateBefore(7);
    const lines = await linesOf(log);
    expect(await segmentsOf(machine)).toHaveLength(3);
    await log.close();
    const again = await machine.open();
    expect(again.recovery).toMatchObject({ verdict: "clean", first: 7, next: 15 });
    expect(await linesOf(again)).toEqual(lines);
  });
});

describe.each(models)("a log without records ($name)", (model) => {
  // ModelarDB-RS#387: an empty active segment is removed, and offsets restart at 0.
  test("goes on at the offset where it was, after every kind of stop", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 5);
    await log.truncateBefore(5);
    await machine.die();
    const crashed = await machine.open();
    expect(crashed).toMatchObject({ first: 5, next: 5 });
    await crashed.close();
    const closed = await machine.open();
    expect(closed).toMatchObject({ first: 5, next: 5 });
    await machine.die();
    expect((await (await machine.open()).append({ value: "a" })).offset).toBe(5);
  });

  test("does not begin at 0 again when its only file was emptied or is gone in part", async () => {
    for (const size of [0, 31, 100]) {
      const machine = model.build();
      const log = await machine.open();
      await fill(log, 5);
      await log.truncateBefore(5);
      await log.append({ value: "kept" });
      await machine.die();
      const [name, ...others] = await segmentsOf(machine);
      expect(others).toEqual([]);
      await edit(machine, name!, cut(size));
      expect(await corruption(machine)).toMatchObject({ first: 0, next: 5 });
    }
  });

  test("whose active segment is empty goes on behind the segment before it", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 3);
    await log.rotate();
    await machine.die();
    const again = await machine.open();
    expect(again.recovery).toMatchObject({ first: 0, next: 3, verdict: "sound" });
    expect((await again.append({ value: "3" })).offset).toBe(3);
    await machine.die();
    expect((await machine.open()).next).toBe(4);
  });
});
