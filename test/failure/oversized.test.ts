/**
 * Records that are refused in the middle of a group. The buffer must be as if they had never been there
 * (pebble#3865): their neighbours keep their bytes, their offsets and their checksums.
 */
import { describe, expect, test } from "vitest";
import { linesOf, valuesOf } from "../support/content.ts";
import { failing } from "../support/faults.ts";
import { models } from "../support/machine.ts";
import { endings, refusal, thrown } from "../support/outcome.ts";

const large = "x".repeat(5000);

const producer = (sequence: number) => ({ producer: { id: "p", epoch: 0, sequence } });

describe.each(models)("a record that is too large ($name)", (model) => {
  test("between others leaves them as they are", async () => {
    const machine = model.build();
    const log = await machine.open({ maxBatchBytes: 4096 });
    const group = [
      log.append({ value: "a", timestamp: 5 }),
      log.append({ value: large, timestamp: 9 }),
      log.append({ key: "k", value: "b", timestamp: 7 }),
      log.appendBatch([{ value: "c" }, { value: large }]),
      log.appendBatch([
        { value: "c", timestamp: 6 },
        { value: "d", timestamp: 8 },
      ]),
    ];
    expect(await endings(group)).toEqual(["fulfilled", "TOO_LARGE", "fulfilled", "TOO_LARGE", "fulfilled"]);
    expect(thrown(() => log.stage({ value: large }), "TOO_LARGE").message).toContain("4096");
    expect(log).toMatchObject({ next: 4, durable: 4 });
    expect(log.stats().pendingBytes).toBe(0);
    expect(await valuesOf(log)).toEqual(["a", "b", "c", "d"]);
    expect(await log.offsetAt(8)).toBe(3);
    expect(await log.offsetAt(9)).toBe(4);

    const lines = await linesOf(log);
    await machine.die();
    expect(await linesOf(await machine.open())).toEqual(lines);
  });

  test("and is the first of its group leaves an empty one, which nobody writes", async () => {
    const machine = model.build();
    const log = await machine.open({ maxBatchBytes: 4096 });
    machine.calls = [];
    await refusal(log.append({ value: large }), "TOO_LARGE");
    await log.flush();
    expect(machine.calls).toEqual([]);
    expect(log).toMatchObject({ next: 0, durable: 0 });
    expect(await log.append({ value: "a" })).toMatchObject({ offset: 0 });
  });

  test("of an idempotent producer leaves its sequence free", async () => {
    const machine = model.build();
    const log = await machine.open({ maxBatchBytes: 4096 });
    const group = [
      log.append({ value: "0" }, producer(0)),
      log.append({ value: large }, producer(1)),
      log.append({ value: "1" }, producer(1)),
    ];
    expect(await endings(group)).toEqual(["fulfilled", "TOO_LARGE", "fulfilled"]);
    expect(await valuesOf(log)).toEqual(["0", "1"]);
  });

  test("is refused before its neighbours fail, and they are retried without it", async () => {
    const machine = model.build();
    const log = await machine.open({ maxBatchBytes: 4096 });
    machine.hook = failing({ op: "flush" });
    const group = [log.append({ value: "a" }), log.append({ value: large }), log.append({ value: "b" })];
    expect(await endings(group)).toEqual(["FLUSH_FAILED", "TOO_LARGE", "FLUSH_FAILED"]);
    await Promise.all([log.append({ value: "a" }), log.append({ value: "b" })]);
    expect(await valuesOf(log)).toEqual(["a", "b"]);
  });

  test("may be as large as the limit says, in its own batch, at the end of a group", async () => {
    const machine = model.build();
    const log = await machine.open({ maxBatchBytes: 4096, segment: { maxBytes: 1_000_000 } });
    const sizes = [4000, 10, 4050, 4080, 1, 4085];
    const group = sizes.map((size) => log.append({ value: new Uint8Array(size).fill(size) }));
    expect(await endings(group)).toEqual(sizes.map(() => "fulfilled"));
    const read: number[] = [];
    for await (const { value } of log.read()) {
      expect(value.every((byte) => byte === value.length % 256)).toBe(true);
      read.push(value.length);
    }
    expect(read).toEqual(sizes);
  });
});

describe.each(models)("a record that is no record ($name)", (model) => {
  test("between others is a TypeError or RangeError, and leaves them as they are", async () => {
    const machine = model.build();
    const log = await machine.open();
    const wrong = [
      log.append({ value: 7 as never }).catch((error: Error) => error.name),
      log.append({ kind: 128 }).catch((error: Error) => error.name),
      log.append({ timestamp: -1 }).catch((error: Error) => error.name),
      log.append(null as never).catch((error: Error) => error.name),
      log.appendBatch([{ value: "x" }, { headers: { a: 1 as never } }]).catch((error: Error) => error.name),
    ];
    const group = [log.append({ value: "a" }), ...wrong, log.append({ value: "b" })];
    expect(await Promise.all(wrong)).toEqual([
      "TypeError",
      "RangeError",
      "RangeError",
      "TypeError",
      "TypeError",
    ]);
    await Promise.all(group);
    expect(await valuesOf(log)).toEqual(["a", "b"]);
  });

  test("whose headers throw when they are read leaves the log as it was", async () => {
    const machine = model.build();
    const log = await machine.open();
    let looks = 0;
    const treacherous = {
      value: "x",
      get headers(): Record<string, string> {
        if (++looks > 1) throw new Error("not again");
        return { a: "1" };
      },
    };
    const group = [log.append({ value: "a" }), log.append(treacherous), log.append({ value: "b" })];
    const ends = await endings(group);
    expect([ends[0], ends[2]]).toEqual(["fulfilled", "fulfilled"]);
    expect((await valuesOf(log)).filter((value) => value !== "x")).toEqual(["a", "b"]);
    await machine.die();
    expect((await valuesOf(await machine.open())).filter((value) => value !== "x")).toEqual(["a", "b"]);
  });
});
