/**
 * Following a log: a reader that has read all waits, and goes on when there is more that is durable. It sees
 * each record once and in order, whatever the log does, until the log ends or takes its place away.
 */
import { describe, expect, test } from "vitest";
import { linesOf } from "../support/content.ts";
import { failing, failingAfterwards, gate } from "../support/faults.ts";
import { holding, models } from "../support/machine.ts";
import { idle, refusal } from "../support/outcome.ts";
import { Follower } from "./follower.ts";

describe.each(models)("a follower ($name)", (model) => {
  test("reads what is there, and then what is appended", async () => {
    const log = await model.build().open();
    for (const value of ["a", "b"]) await log.append({ value });
    const follower = new Follower(log);
    await follower.reach(2);
    await log.append({ value: "c" });
    await follower.reach(3);
    await log.appendBatch([{ value: "d" }, { value: "e" }]);
    await follower.reach(5);
    expect(follower.values).toEqual(["a", "b", "c", "d", "e"]);
    expect(follower.offsets).toEqual([0, 1, 2, 3, 4]);
    expect(follower.hasEnded).toBe(false);
  });

  test("may begin at the end, and sees only what comes", async () => {
    const log = await model.build().open();
    await log.append({ value: "before" });
    const follower = new Follower(log, { from: log.next });
    await log.append({ value: "after" });
    await follower.reach(1);
    expect(follower.offsets).toEqual([1]);
  });

  test("ends at `to`, and waits for it", async () => {
    const log = await model.build().open();
    await log.append({ value: "a" });
    const follower = new Follower(log, { to: 3 });
    await follower.reach(1);
    await log.appendBatch([{ value: "b" }, { value: "c" }, { value: "d" }]);
    expect(await follower.ended).toBe("end");
    expect(follower.values).toEqual(["a", "b", "c"]);
  });

  test("crosses rotations", async () => {
    const log = await model.build().open({ segment: { maxBytes: 300 } });
    const follower = new Follower(log);
    for (let index = 0; index < 20; index++) {
      await log.append({ value: `${index}`.repeat(20) });
      if (index % 3 === 0) await log.rotate();
      if (index % 4 === 0) await follower.reach(index + 1);
    }
    await follower.reach(20);
    expect(follower.offsets).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(log.stats().segments).toBeGreaterThan(6);
  });

  // The bytes of the failed record can be read, and have the offset that its retry gets.
  test("never sees a record whose flush failed, and sees its retry", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    const follower = new Follower(log);
    await follower.reach(1);
    for (const fault of [failing, failingAfterwards, failing]) {
      machine.hook = fault({ op: "flush" });
      await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");
      await idle();
    }
    machine.hook = undefined;
    await log.append({ value: "retried" });
    await log.append({ value: "more" });
    await follower.reach(3);
    expect(follower.values).toEqual(["a", "retried", "more"]);
  });

  test("ends when the log is closed, with all that was flushed by then", async () => {
    const log = await model.build().open();
    const follower = new Follower(log);
    log.stage({ value: "staged" });
    await log.close();
    expect(await follower.ended).toBe("end");
    expect(follower.values).toEqual(["staged"]);
  });

  test("is told CLOSED when the log is closed before all was read", async () => {
    const log = await model.build().open();
    await log.append({ value: "a" });
    await log.append({ value: "b" });
    const reading = log.read({ follow: true });
    await reading.next();
    await log.close();
    await refusal(reading.next(), "CLOSED");
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });

  test("keeps its place while the records before it are dropped", async () => {
    const log = await model.build().open({ segment: { maxBytes: 300 } });
    const follower = new Follower(log);
    for (let index = 0; index < 30; index++) {
      await log.append({ value: `${index}`.repeat(20) });
      await follower.reach(index + 1);
      await log.truncateBefore(index);
    }
    expect(follower.offsets).toHaveLength(30);
    expect(log.first).toBe(29);
  });

  test("is told TRUNCATED when its own place is dropped, and where it may go on", async () => {
    const log = await model.build().open({ segment: { maxBytes: 300 } });
    for (let index = 0; index < 20; index++) await log.append({ value: `${index}`.repeat(20) });
    const reading = log.read({ follow: true });
    await reading.next();
    await log.truncateBefore(15);
    // A batch that it holds already may still be handed out.
    const error = await refusal(
      (async () => {
        for (let step = 0; step < 15; step++) await reading.next();
      })(),
      "TRUNCATED",
    );
    expect(error).toMatchObject({ first: 15, next: 20 });
    expect(await linesOf(log, { from: error.first! })).toHaveLength(5);
  });

  test("is told TRUNCATED when the records before its place are truncated away behind it", async () => {
    const log = await model.build().open();
    for (const value of ["a", "b", "c", "d"]) await log.append({ value });
    const waiting = new Follower(log);
    await waiting.reach(4);
    await log.truncateAfter(1);
    expect(await waiting.ended).toBe("TRUNCATED");
    expect(waiting.error).toMatchObject({ first: 0, next: 2 });
  });

  // Its place has other records before it now than it has read.
  test("is told TRUNCATED also when the log has grown past its place again before it looked", async () => {
    const log = await model.build().open();
    for (const value of ["a", "b", "c", "d"]) await log.append({ value });
    const reading = log.read({ follow: true });
    for (let step = 0; step < 4; step++) await reading.next();
    await log.truncateAfter(1);
    await log.appendBatch([..."wxyz"].map((value) => ({ value })));
    await refusal(reading.next(), "TRUNCATED");
  });

  test("is not disturbed by a truncation ahead of the place that it has come to", async () => {
    const log = await model.build().open();
    for (const value of ["a", "b", "c", "d"]) await log.append({ value });
    const reading = log.read({ follow: true });
    await reading.next();
    await log.truncateAfter(1);
    await log.append({ value: "new" });
    const rest = [(await reading.next()).value!, (await reading.next()).value!];
    expect(rest.map(({ value }) => new TextDecoder().decode(value))).toEqual(["b", "new"]);
  });

  test("can be one of very many", async () => {
    const log = await model.build().open({ segment: { maxBytes: 500 } });
    const followers = Array.from({ length: 100 }, () => new Follower(log));
    for (let index = 0; index < 12; index++) await log.append({ value: `${index}`.repeat(40) });
    for (const follower of followers) await follower.reach(12);
    for (const { offsets } of followers) expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });
});

describe.each(holding)("a follower beside a held flush ($name)", (model) => {
  test("wakes when records are durable, and not when they are written", async () => {
    const machine = model.build();
    const log = await machine.open();
    const follower = new Follower(log);
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const append = log.append({ value: "a" });
    await held.reached;
    await idle();
    expect(follower.seen).toEqual([]);
    held.pass();
    await append;
    await follower.reach(1);
    expect(follower.values).toEqual(["a"]);
  });
});
