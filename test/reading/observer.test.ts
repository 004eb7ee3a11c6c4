/**
 * `openReader`: reading a log without its lock, beside whoever writes it. It sees whole batches only, says of
 * each whether it is proven to have been flushed, and leaves no trace.
 */
import { describe, expect, test } from "vitest";
import { openReader } from "../../src/index.ts";
import { linesOf, printed } from "../support/content.ts";
import { failing, miscounting } from "../support/faults.ts";
import { models, place, topic } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { batchesOf, edit, flip, remove, segmented, segmentsOf } from "../recovery/damage.ts";
import { Follower } from "./follower.ts";
import { marked, observe, settled } from "./observing.ts";

describe.each(models)("a reader without the lock ($name)", (model) => {
  test("is told UNAVAILABLE where there is no log, and makes none", async () => {
    const { storage } = model.build();
    const error = await refusal(openReader({ storage, topic }), "UNAVAILABLE");
    expect(error.message).toContain("orders/0");
    expect(await storage.open(place, { mode: "read" })).toBeUndefined();
  });

  test("finds an empty log where the writer has made the folder and no more", async () => {
    const machine = model.build();
    await (await machine.storage.open(place, { mode: "write" }))!.close();
    const reader = await observe(machine);
    expect(reader).toMatchObject({ first: 0, next: 0, durable: 0 });
    expect(await linesOf(reader)).toEqual([]);
    expect(await reader.offsetAt(0)).toBe(0);
    const follower = new Follower(reader);
    await (await machine.open()).append({ value: "first" });
    await follower.reach(1);
    expect(follower.values).toEqual(["first"]);
  });

  test("sees what is written, and marks what is proven to have been flushed", async () => {
    const machine = model.build();
    const log = await machine.open();
    const reader = await observe(machine);
    for (const value of ["a", "b", "c"]) await log.append({ value });
    await settled(reader);
    // Only the next batch, a rotation or closing bears witness of the flush of the last one.
    expect(await marked(reader)).toEqual(["a!", "b!", "c"]);
    expect(reader).toMatchObject({ first: 0, next: 3, durable: 2 });
    await log.append({ value: "d" });
    await settled(reader);
    expect(await marked(reader)).toEqual(["a!", "b!", "c!", "d"]);
    await log.close();
    await settled(reader);
    expect(await marked(reader)).toEqual(["a!", "b!", "c!", "d!"]);
    expect(reader).toMatchObject({ next: 4, durable: 4 });
  });

  test("goes on where the handle of a file that it had open will not close", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    const reader = await observe(machine);
    await log.rotate();
    await log.append({ value: "b" });
    machine.hook = failing({ op: "close", name: ".wal" });
    await settled(reader);
    machine.hook = undefined;
    expect(await marked(reader)).toEqual(["a!", "b"]);
  });

  test("proves nothing of a write that was not flushed", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    machine.hook = failing({ op: "flush", times: Infinity });
    await refusal(log.append({ value: "b" }), "FLUSH_FAILED");
    const reader = await observe(machine);
    expect(await marked(reader)).toEqual(["a!", "b"]);
    expect(reader.durable).toBe(1);
  });

  test("changes its counters when it looks, and says whether there was anything new", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    const reader = await observe(machine);
    await log.append({ value: "b" });
    expect(reader.next).toBe(1);
    expect(await reader.refresh()).toBe(true);
    expect(reader.next).toBe(2);
    expect(await settled(reader).then(() => reader.refresh())).toBe(false);
    await log.truncateBefore(1);
    await settled(reader);
    expect(reader.first).toBe(1);
  });

  test("sees at one look what lies in segments that were begun since the last one", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 1000 } });
    await log.append({ value: "0" });
    const reader = await observe(machine);
    for (let i = 1; i < 40; i++) await log.append({ value: `${i}`.padEnd(100) });
    expect(await reader.refresh()).toBe(true);
    expect(reader.next).toBe(40);
  });

  test("never sees a part of a batch, whatever of it is written", async () => {
    const length = 200;
    for (let bytes = 0; bytes < length; bytes += 23) {
      const machine = model.build();
      const log = await machine.open();
      await log.append({ value: "whole" });
      const reader = await observe(machine);
      machine.hook = miscounting({}, () => ({ bytes }));
      await refusal(log.appendBatch([{ value: "x".repeat(60) }, { value: "y".repeat(60) }]), "FLUSH_FAILED");
      machine.hook = undefined;
      await settled(reader);
      expect(await marked(reader)).toEqual(["whole"]);
      const late = await observe(machine);
      expect(await marked(late)).toEqual(["whole"]);
      expect(late.next).toBe(1);
      await log.append({ value: "again" });
      for (const each of [reader, late]) {
        await settled(each);
        expect(await marked(each)).toEqual(["whole!", "again"]);
      }
      await Promise.all([reader.close(), late.close(), log.close()]);
    }
  });

  test("changes nothing, whatever it does, and writes nothing", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 4, closed: false });
    const before = printed(await machine.files());
    machine.calls = [];
    const reader = await observe(machine);
    expect(await linesOf(reader)).toHaveLength(12);
    expect(await linesOf(reader, { from: 4, to: 8 })).toHaveLength(4);
    await reader.offsetAt(0);
    await reader.refresh();
    const follower = new Follower(reader);
    await follower.reach(12);
    await follower.stop();
    await reader.close();
    expect(new Set(machine.calls.map(({ op }) => op))).toEqual(
      new Set(["open", "list", "size", "read", "close"]),
    );
    expect(printed(await machine.files())).toEqual(before);
    expect(await segmentsOf(machine)).toEqual(names);
  });

  test("does not stand in the way of a writer, nor of other readers", async () => {
    const machine = model.build();
    await segmented(machine, { segments: 3, closed: true });
    const readers = await Promise.all(Array.from({ length: 5 }, () => observe(machine)));
    const log = await machine.open();
    await log.append({ value: "9" });
    await log.truncateBefore(7);
    for (const reader of readers) {
      await settled(reader);
      expect(await marked(reader)).toHaveLength(3);
    }
    await log.close();
    await (await machine.open()).append({ value: "10" });
    for (const reader of readers) expect(await marked(await settled(reader))).toHaveLength(4);
  });

  test("names what is not of the log, and is told of damage", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 3, closed: false });
    const batch = (await batchesOf(machine, names[2]!))[1]!;
    await edit(machine, names[2]!, flip(batch.position));
    const error = await refusal(observe(machine), "CORRUPT");
    expect(error).toMatchObject({ segment: names[2], position: batch.position, first: 6 });
    await remove(machine, names[2]!);
    await refusal(observe(machine), "CORRUPT");
  });

  test("can be closed twice, says CLOSED afterwards, and ends its followers", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    const reader = await observe(machine);
    const follower = new Follower(reader);
    await follower.reach(1);
    await reader.close();
    await reader.close();
    await reader[Symbol.asyncDispose]();
    expect(await follower.ended).toBe("end");
    await refusal(linesOf(reader), "CLOSED");
    await refusal(reader.offsetAt(0), "CLOSED");
    expect((await log.append({ value: "b" })).offset).toBe(1);
  });

  test.each([
    ["topic", { topic: 7 }, TypeError],
    ["topic", { topic: "" }, RangeError],
    ["partition", { partition: "1" }, TypeError],
    ["partition", { partition: -1 }, RangeError],
    ["storage", { storage: {} }, TypeError],
  ])("is not opened with a bad %s: %o", async (name, bad, type) => {
    const { storage } = model.build();
    const opening = openReader({ storage, topic, ...(bad as object) });
    await expect(opening).rejects.toThrow(type as ErrorConstructor);
    await expect(opening).rejects.toThrow(name);
  });
});
