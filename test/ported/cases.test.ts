/**
 * Single cases of other logs that no other file of these tests tells: from their trackers, from reading
 * them, and from trying those that are written in JavaScript. Each test is named after its case.
 */
import { describe, expect, test } from "vitest";
import { decodeSegment } from "../format/decoder-segment.ts";
import { setField } from "../format/forge.ts";
import {
  batchesOf,
  cut,
  edit,
  fill,
  flip,
  recordBatchesOf,
  segmented,
  segmentsOf,
} from "../recovery/damage.ts";
import { printed, valuesOf } from "../support/content.ts";
import { diskError, failing, failingAfterwards, fullDisk, miscounting } from "../support/faults.ts";
import { memories, memoryOverlapping, models } from "../support/machine.ts";
import { idle, refusal } from "../support/outcome.ts";

describe.each(models)("cases of other logs ($name)", (model) => {
  test("prometheus#19699: the buffer of a failed write is clean when it is used again", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 1);
    machine.hook = failing({ op: "write" }, fullDisk);
    await refusal(
      log.appendBatch(Array.from({ length: 50 }, () => ({ value: "dirty".repeat(40) }))),
      "FLUSH_FAILED",
    );
    machine.hook = undefined;
    for (const value of ["a", "b".repeat(300), "c"]) await log.append({ value });
    await machine.die();
    const again = await machine.open();
    expect(await valuesOf(again)).toEqual(["0 ", "a", "b".repeat(300), "c"]);
    const bytes = Buffer.concat([...(await machine.files()).values()]);
    expect(bytes.includes("dirty")).toBe(false);
  });

  test("nats-server#7549: one flipped bit never takes acknowledged records out of the middle", async () => {
    for (let bit = 0; bit < 24; bit++) {
      const machine = model.build();
      const [, middle] = await segmented(machine, { segments: 3, closed: true });
      const batch = (await recordBatchesOf(machine, middle!))[1]!;
      const position = batch.position + Math.floor((bit * (batch.end - batch.position)) / 24);
      await edit(machine, middle!, flip(position));
      const log = await machine.open();
      const offsets: number[] = [];
      const reading = async (): Promise<void> => {
        for await (const { offset } of log.read()) offsets.push(offset);
      };
      const error = await refusal(reading(), "CORRUPT");
      expect(offsets).toEqual([0, 1, 2, 3]);
      expect(error).toMatchObject({ segment: middle, first: 4 });
      // What lies behind is there for whoever asks for it.
      const behind: number[] = [];
      for await (const { offset } of log.read({ from: 6 })) behind.push(offset);
      expect(behind).toEqual([6, 7, 8]);
      await log.close();
    }
  });

  test("turso#2613: the chain goes on from what was flushed last, not from what was written last", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 3);
    const [name] = await segmentsOf(machine);
    const flushed = (await recordBatchesOf(machine, name!)).at(-1)!;
    // The bytes are there and read back fine; only the flush says that it failed.
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.append({ value: "written, and not flushed" }), "FLUSH_FAILED");
    machine.hook = undefined;
    await fill(log, 2);
    const next = (await segmentsOf(machine)).at(-1)!;
    const { start } = decodeSegment(next, (await machine.files()).get(next)!)!;
    expect(start!.link).toMatchObject({ end: flushed.end, checksum: flushed.checksum });
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["0 ", "1 ", "2 ", "3 ", "4 "]);
  });

  test("cloud9-wal: what could not be opened takes no number", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 3);
    machine.hook = failing({ op: "create", times: 3 });
    for (let attempt = 0; attempt < 3; attempt++) await refusal(log.rotate(), "FLUSH_FAILED");
    machine.hook = undefined;
    await fill(log, 3);
    const ordinals: number[] = [];
    for (const name of await segmentsOf(machine)) {
      ordinals.push(decodeSegment(name, (await machine.files()).get(name)!)!.start!.ordinal);
    }
    expect(ordinals).toEqual(ordinals.map((_, index) => index + 1));
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["0 ", "1 ", "2 ", "3 ", "4 ", "5 "]);
  });

  test("cloud9-wal: a part of a write leaves no length and no position behind", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 2);
    machine.hook = miscounting({}, ({ length }) => ({ bytes: length! >> 1 }));
    await refusal(log.append({ value: "x".repeat(500) }), "FLUSH_FAILED");
    machine.hook = undefined;
    const ack = await log.append({ value: "behind" });
    const batch = (await batchesOf(machine, ack.segment)).find(({ position }) => position === ack.position);
    expect(batch).toMatchObject({ base: 2, count: 1 });
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["0 ", "1 ", "behind"]);
  });

  test.each([
    ["a failed write leaves no phantom entries in memory", "write"],
    ["a failed flush leaves the last index where it was", "flush"],
  ] as const)("tidwall/wal, by reading: %s", async (_, op) => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 2);
    machine.hook = failing({ op, times: 3 });
    for (let attempt = 0; attempt < 3; attempt++) {
      await refusal(log.append({ value: "phantom" }), "FLUSH_FAILED");
      expect(log).toMatchObject({ next: 2, durable: 2 });
      expect(await valuesOf(log)).toEqual(["0 ", "1 "]);
      await expect(log.read({ from: 3 }).next()).rejects.toThrow(RangeError);
    }
  });

  test("KayaDB, by reading: a lone append is flushed by itself, and not by the next one", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.calls = [];
    await log.append({ value: "lone" });
    const ops = machine.calls.map(({ op }) => op).filter((op) => op === "write" || op === "flush");
    expect(ops).toEqual(["write", "flush"]);
  });

  test("async-append-only-log: 5,000 appends that were acknowledged survive the death of the process", async () => {
    const machine = model.build();
    const log = await machine.open();
    const values = Array.from({ length: 5000 }, (_, index) => `value ${index}`);
    await Promise.all(values.map((value) => log.append({ value })));
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(values);
  });

  test("async-append-only-log: one append from time to time is written each time", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (let index = 0; index < 5; index++) {
      machine.now += 50;
      await fill(log, 1);
      const [name] = await segmentsOf(machine);
      expect(await recordBatchesOf(machine, name!)).toHaveLength(index + 1);
    }
  });

  test("async-append-only-log: a bad length costs no other record, and changes nothing on the disk", async () => {
    const machine = model.build();
    await fill(await machine.open(), 13);
    await machine.latest()!.close();
    const [name] = await segmentsOf(machine);
    const batch = (await recordBatchesOf(machine, name!))[0]!;
    await edit(machine, name!, (bytes) => {
      setField(bytes, batch, "length", 2 ** 20);
      return bytes;
    });
    const before = printed(await machine.files()).map((file) => file.slice(0, file.length - 400));
    const log = await machine.open();
    await refusal(log.read().next(), "CORRUPT");
    await log.close();
    expect(printed(await machine.files()).map((file) => file.slice(0, file.length - 400))).toEqual(before);
  });

  test("durable-streams: a flipped bit in a value is never served", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const value of ["balance=100", "balance=200"]) await log.append({ value });
    await log.close();
    const [name] = await segmentsOf(machine);
    const bytes = (await machine.files()).get(name!)!;
    const at = Buffer.from(bytes).indexOf("balance=100") + "balance=".length;
    await edit(machine, name!, (each) => {
      each[at] = "9".charCodeAt(0);
      return each;
    });
    const again = await machine.open();
    await refusal(again.read().next(), "CORRUPT");
  });

  test("durable-streams: behind a tail that was cut, two appends are both there", async () => {
    const machine = model.build();
    await fill(await machine.open(), 3);
    await machine.die();
    const [name] = await segmentsOf(machine);
    await edit(machine, name!, (bytes) => cut(bytes.length - 5)(bytes));
    const log = await machine.open();
    expect(log.recovery.verdict).toBe("torn");
    for (const value of ["first behind", "second behind"]) await log.append({ value });
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["0 ", "1 ", "first behind", "second behind"]);
  });
});

describe.each(memories)("cases of other logs, with losses of power ($name)", (model) => {
  test("hypercore, classic-level, SQLite: what the default acknowledges is there after a loss of power", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (let index = 0; index < 20; index++) {
      await fill(log, 1);
      if (index % 5 === 0) await log.rotate();
    }
    machine.losePower();
    expect(await valuesOf(await machine.open())).toHaveLength(20);
  });

  test("yugabyte#33816, raft-wal by reading: what a failed flush left to do is still to do", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 2);
    // The flush that would have made the name of a new segment durable fails.
    machine.hook = failing({ op: "flush", name: "00000000000000000002" }, diskError);
    await refusal(log.rotate(), "FLUSH_FAILED");
    machine.hook = undefined;
    await fill(log, 2);
    machine.losePower();
    expect(await valuesOf(await machine.open())).toEqual(["0 ", "1 ", "2 ", "3 "]);
  });
});

test("bookkeeper#3329: no watermark ever says more than was flushed when it was written", async () => {
  // Here a group is written while the flushes of those before it are still on their way.
  const machine = memoryOverlapping.build();
  const written = new Map<string, number>();
  const flushed = new Map<string, number>();
  const flushedAt = new Map<string, number>();
  let flushes = 0;
  machine.hook = ({ op, name, position = 0, length = 0 }) => {
    if (op === "write") {
      for (let at = position; at < position + length; at += 8) {
        flushedAt.set(`${name} ${at}`, flushed.get(name) ?? 0);
      }
      written.set(name, Math.max(written.get(name) ?? 0, position + length));
    }
    if (op !== "flush") return undefined;
    const covered = written.get(name) ?? 0;
    if (++flushes % 9 === 0) throw diskError();
    return new Promise((resolve) => {
      setTimeout(() => {
        flushed.set(name, Math.max(flushed.get(name) ?? 0, covered));
        resolve();
      }, 1);
    });
  };
  const log = await machine.open({ segment: { maxBytes: 3000 } });
  const callers = Array.from({ length: 6 }, async (_, caller) => {
    for (let turn = 0; turn < 25; turn++) {
      await log.append({ value: `${caller} ${turn} ${"x".repeat(turn)}` }).catch(() => undefined);
      if (turn % 3 === caller % 3) await idle();
    }
  });
  await Promise.all(callers);
  let watermarks = 0;
  for (const name of await segmentsOf(machine)) {
    for (const { position, watermark } of await batchesOf(machine, name)) {
      expect(watermark, `${name} at ${position}`).toBeLessThanOrEqual(
        flushedAt.get(`${name} ${position}`) ?? 0,
      );
      if (watermark > 0) watermarks++;
    }
  }
  expect(watermarks).toBeGreaterThan(10);
});
