/**
 * Idempotent producers when flushes fail: what was not acknowledged was not written, so the same sequence
 * must be taken again, once; and what was acknowledged must be known for ever, also by the next process.
 */
import { describe, expect, test } from "vitest";
import { valuesOf } from "../support/content.ts";
import { anyOf, failing, failingAfterwards, gate } from "../support/faults.ts";
import { holding, models } from "../support/machine.ts";
import { endings, idle, refusal, watch } from "../support/outcome.ts";

const producer = (sequence: number, epoch = 0) => ({ producer: { id: "till 7", epoch, sequence } });

describe.each(models)("a producer ($name)", (model) => {
  test("whose append failed may send the same sequence again, and it is stored once", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "0" }, producer(0));
    for (const hook of [
      failing({ op: "write" }),
      failing({ op: "flush" }),
      failingAfterwards({ op: "flush" }),
    ]) {
      machine.hook = hook;
      await refusal(log.append({ value: "failed" }, producer(1)), "FLUSH_FAILED");
    }
    expect(await log.append({ value: "1" }, producer(1))).toMatchObject({ offset: 1, duplicate: false });
    expect(await log.append({ value: "1" }, producer(1))).toMatchObject({ offset: 1, duplicate: true });
    expect(await valuesOf(log)).toEqual(["0", "1"]);

    await machine.die();
    const again = await machine.open();
    expect(await again.append({ value: "1" }, producer(1))).toMatchObject({ offset: 1, duplicate: true });
    expect(await again.append({ value: "2" }, producer(2))).toMatchObject({ offset: 2, duplicate: false });
    expect(await valuesOf(again)).toEqual(["0", "1", "2"]);
  });

  test("whose first append failed is unknown, and may begin with an older epoch", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.hook = failing({ op: "flush" });
    await refusal(log.append({ value: "failed" }, producer(5, 3)), "FLUSH_FAILED");
    expect(await log.append({ value: "older" }, producer(0, 2))).toMatchObject({
      offset: 0,
      duplicate: false,
    });
    await refusal(log.append({ value: "oldest" }, producer(0, 1)), "FENCED");
  });

  test("whose batch failed may send all of it again, also when a part of it was known", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "0" }, producer(0));
    const batch = [{ value: "0" }, { value: "1" }, { value: "2" }];
    machine.hook = failing({ op: "flush" });
    await refusal(log.appendBatch(batch, producer(0)), "FLUSH_FAILED");

    const acks = await log.appendBatch(batch, producer(0));
    expect(acks.map(({ offset, duplicate }) => [offset, duplicate])).toEqual([
      [0, true],
      [1, false],
      [2, false],
    ]);
    expect(await valuesOf(log)).toEqual(["0", "1", "2"]);
  });

  test("whose staged record was lost may stage the same sequence again", async () => {
    const machine = model.build();
    const log = await machine.open();
    log.stage({ value: "0" }, producer(0));
    machine.hook = failing({ op: "flush" });
    await refusal(log.append({ value: "other" }), "FLUSH_FAILED");
    await log.flush().catch(() => undefined);

    expect(log.stage({ value: "0" }, producer(0))).toBe(0);
    expect(log.stage({ value: "0" }, producer(0))).toBe(0);
    await log.flush();
    expect(await valuesOf(log)).toEqual(["0"]);
  });

  test("is not fenced by an epoch that was truncated away", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" }, producer(0, 1));
    await log.append({ value: "b" }, producer(0, 2));
    machine.hook = failing({ op: "flush" });
    await refusal(log.truncateAfter(0), "FLUSH_FAILED");
    await refusal(log.append({ value: "c" }, producer(1, 1)), "FENCED");

    await log.truncateAfter(0);
    expect(await log.append({ value: "c" }, producer(1, 1))).toMatchObject({ offset: 1 });
    await machine.die();
    const again = await machine.open();
    expect(await again.append({ value: "c" }, producer(1, 1))).toMatchObject({ offset: 1, duplicate: true });
  });
});

describe.each(holding)("a record that is sent twice at the same time ($name)", (model) => {
  test("is acknowledged twice, when it is durable, and stored once", async () => {
    const machine = model.build();
    const log = await machine.open();
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const first = log.append({ value: "0" }, producer(0));
    await held.reached;
    const second = log.append({ value: "0" }, producer(0));
    held.pass();
    expect(await first).toMatchObject({ offset: 0, duplicate: false });
    expect(await second).toMatchObject({ offset: 0, duplicate: true });
    expect(await valuesOf(log)).toEqual(["0"]);
  });

  test("fails twice when its flush fails", async () => {
    const machine = model.build();
    const log = await machine.open();
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const both = [log.append({ value: "0" }, producer(0))];
    await held.reached;
    both.push(log.append({ value: "0" }, producer(0)));
    held.fail(new Error("EIO"));
    expect(await endings(both)).toEqual(["FLUSH_FAILED", "FLUSH_FAILED"]);
    expect(await log.append({ value: "0" }, producer(0))).toMatchObject({ offset: 0, duplicate: false });
  });

  test("in a batch with a record that is new, and cannot be read again, is told of when the new one is durable", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "0" }, producer(0));
    const held = gate({ op: "flush" });
    machine.hook = anyOf(held.hook, failing({ op: "read", times: Infinity }));
    const batch = log.appendBatch([{ value: "0" }, { value: "1" }], producer(0));
    const ending = endings([batch]);
    const watched = watch(batch);
    await held.reached;
    for (let turn = 0; turn < 20; turn++) await idle();
    expect(log.durable).toBe(1);
    expect(watched.settled).toBe(false);
    held.pass();
    expect(await ending).toEqual(["READ_FAILED"]);
    expect(log.durable).toBe(2);
  });

  // Each promise that nobody holds would end the process.
  test("in batches that overlap fails without a rejection that nobody can catch", async () => {
    const machine = model.build();
    const log = await machine.open();
    const unheard: unknown[] = [];
    const listen = (reason: unknown): void => void unheard.push(reason);
    process.on("unhandledRejection", listen);
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const both = [log.appendBatch([{ value: "0" }, { value: "1" }], producer(0))];
    await held.reached;
    both.push(log.appendBatch([{ value: "1" }, { value: "2" }], producer(1)));
    held.fail(new Error("EIO"));
    expect(await endings(both)).toEqual(["FLUSH_FAILED", "FLUSH_FAILED"]);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", listen);
    expect(unheard).toEqual([]);
  });
});
