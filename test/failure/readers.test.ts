/**
 * What readers see while a flush is on its way or has failed: nothing that could still be taken back. A
 * flush is held open here, so that there is always something that is written and not durable.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { failing, gate } from "../support/faults.ts";
import { holding, models } from "../support/machine.ts";
import { endings, idle, refusal, until } from "../support/outcome.ts";

/** Follows the log from `from` on, and notes each offset together with what was durable by then. */
function follow(
  log: Log,
  from: number,
): { offsets: number[]; early: number[]; values: string[]; stop(): void } {
  const controller = new AbortController();
  const seen = {
    offsets: [] as number[],
    early: [] as number[],
    values: [] as string[],
    stop: () => controller.abort(),
  };
  const run = async (): Promise<void> => {
    for await (const { offset, value } of log.read({ from, follow: true, signal: controller.signal })) {
      seen.offsets.push(offset);
      seen.values.push(new TextDecoder().decode(value));
      if (offset >= log.durable) seen.early.push(offset);
    }
  };
  run().catch(() => undefined);
  return seen;
}

describe.each(holding)("a reader ($name)", (model) => {
  test("sees nothing at or past durable while a flush is held", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "durable" });
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const append = log.append({ value: "written" });
    log.stage({ value: "staged" });
    await held.reached;

    expect(log).toMatchObject({ next: 3, durable: 1 });
    expect(await valuesOf(log)).toEqual(["durable"]);
    const batches = [];
    for await (const batch of log.readBatches()) batches.push([batch.first, batch.next]);
    expect(batches).toEqual([[0, 1]]);
    expect(await log.offsetAt(0)).toBe(0);
    expect(await log.offsetAt(machine.now + 1)).toBe(1);
    await expect(log.read({ from: 2 }).next()).rejects.toThrow(RangeError);

    held.pass();
    await append;
    await log.flush();
    expect(await valuesOf(log)).toEqual(["durable", "written", "staged"]);
  });

  test("that began before keeps to what was durable when it began", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    await log.append({ value: "b" });
    const reading = log.read();
    await reading.next();
    await log.append({ value: "c" });
    const rest: string[] = [];
    for await (const { value } of reading) rest.push(new TextDecoder().decode(value));
    expect(rest).toEqual(["b"]);
  });

  test("that follows wakes when records are durable, not before", async () => {
    const machine = model.build();
    const log = await machine.open();
    const seen = follow(log, 0);
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const append = log.append({ value: "a" });
    await held.reached;
    await idle();
    expect(seen.values).toEqual([]);

    held.pass();
    await append;
    await until(() => seen.values.length > 0);
    expect(seen).toMatchObject({ values: ["a"], early: [] });
    seen.stop();
  });

  test("that follows never sees a record whose flush failed, and goes on in the next segment", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    const seen = follow(log, 0);
    await until(() => seen.values.length === 1);
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const append = log.append({ value: "failed" });
    await held.reached;
    await idle();
    held.fail(new Error("EIO"));
    await refusal(append, "FLUSH_FAILED");
    await idle();
    expect(seen.values).toEqual(["a"]);

    await log.append({ value: "retried" });
    await log.append({ value: "more" });
    await until(() => seen.values.length >= 3);
    expect(seen).toMatchObject({ values: ["a", "retried", "more"], offsets: [0, 1, 2], early: [] });
    seen.stop();
  });
});

describe.each(models)("followers ($name)", (model) => {
  test("see every record once and in order through rotations, failures and retries", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 700 } });
    const seen = [follow(log, 0), follow(log, 0)];
    const expected: string[] = [];
    for (let index = 0; index < 40; index++) {
      const value = `${index} ${"x".repeat(index)}`;
      if (index % 5 === 3) {
        machine.hook = failing({ op: index % 2 === 0 ? "write" : "flush" });
        await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");
      }
      await log.append({ value });
      expected.push(value);
      if (index % 7 === 0) await log.rotate();
    }
    await until(() => seen.every(({ values }) => values.length >= 40));
    for (const each of seen) {
      expect(each.values).toEqual(expected);
      expect(each.early).toEqual([]);
      each.stop();
    }
  });

  test("end when the log is closed, also when closing fails", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    const values: string[] = [];
    const reading = (async () => {
      for await (const { value } of log.read({ follow: true })) values.push(new TextDecoder().decode(value));
    })();
    await until(() => values.length === 1);
    machine.hook = failing({ op: "flush" });
    await refusal(log.close(), "FLUSH_FAILED");
    expect(await endings([reading])).toEqual(["fulfilled"]);
    expect(values).toEqual(["a"]);
  });

  test("that wait behind a truncation at the end are told when their place is gone", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const value of ["a", "b", "c"]) await log.append({ value });
    const reading = (async () => {
      for await (const _ of log.read({ from: 3, follow: true }));
    })();
    await idle();
    await log.truncateAfter(0);
    expect(await endings([reading])).toEqual(["TRUNCATED"]);
  });
});

describe.each(models)("a read that fails ($name)", (model) => {
  test("is READ_FAILED, and the same read succeeds when the disk does", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const value of ["a", "b", "c"]) await log.append({ value });
    machine.hook = failing({ op: "read" });
    const error = await refusal(valuesOf(log), "READ_FAILED");
    expect(error.cause).toMatchObject({ code: "EIO" });

    expect(await valuesOf(log)).toEqual(["a", "b", "c"]);
    expect(await log.append({ value: "d" })).toMatchObject({ offset: 3 });
  });
});
