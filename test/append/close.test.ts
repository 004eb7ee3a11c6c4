/**
 * The end of a log: what is on its way when it is closed, what may be asked of it afterwards, and what the
 * next opener finds. Failures of closing are told in test/failure.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import { printed, valuesOf } from "../support/content.ts";
import { gate } from "../support/faults.ts";
import { holding, models } from "../support/machine.ts";
import { endings, idle, refusal, thrown, watch } from "../support/outcome.ts";

const verbs: [string, (log: Log) => Promise<unknown>][] = [
  ["append", (log) => log.append({ value: "late" })],
  ["appendBatch", (log) => log.appendBatch([{ value: "late" }])],
  ["an empty appendBatch", (log) => log.appendBatch([])],
  ["stage", async (log) => log.stage({ value: "late" })],
  ["flush", (log) => log.flush()],
  ["rotate", (log) => log.rotate()],
  ["truncateBefore", (log) => log.truncateBefore(1)],
  ["truncateAfter", (log) => log.truncateAfter(0)],
  ["read", (log) => log.read().next()],
  ["readBatches", async (log) => log.readBatches().next()],
  ["offsetAt", (log) => log.offsetAt(0)],
];

describe.each(models)("closing a log ($name)", (model) => {
  test("flushes what is on its way, and keeps each promise", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 600 } });
    const appends = Array.from({ length: 30 }, (_, at) => log.append({ value: `${at} ${"x".repeat(60)}` }));
    log.stage({ value: "staged" });
    const batch = log.appendBatch([{ value: "b" }, { value: "c" }]);
    await log.close();
    expect((await Promise.all(appends)).map(({ offset }) => offset)).toEqual([...Array(30).keys()]);
    expect((await batch).map(({ offset }) => offset)).toEqual([31, 32]);
    expect(log).toMatchObject({ first: 0, next: 33, durable: 33 });
    const again = await machine.open();
    expect(again.recovery).toMatchObject({ verdict: "clean", next: 33, rewritten: undefined });
    expect((await valuesOf(again)).slice(30)).toEqual(["staged", "b", "c"]);
  });

  test.each(verbs)("is the end of it: %s says CLOSED", async (_, call) => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    await log.append({ value: "b" });
    const closing = log.close();
    // Also while it is being closed.
    if (!_.startsWith("read") && _ !== "offsetAt") await refusal(call(log), "CLOSED");
    await closing;
    const before = printed(await machine.files());
    const error = await refusal(call(log), "CLOSED");
    expect(error.message).toContain("orders/0");
    expect(printed(await machine.files())).toEqual(before);
    expect((await machine.open()).recovery).toMatchObject({ verdict: "clean", next: 2 });
  });

  test("may be asked for many times, and happens once", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    machine.calls = [];
    await Promise.all([log.close(), log.close(), log[Symbol.asyncDispose]()]);
    const once = machine.calls.length;
    await log.close();
    await log[Symbol.asyncDispose]();
    expect(machine.calls).toHaveLength(once);
  });

  test("leaves its numbers to be read", async () => {
    const log = await model.build().open();
    await log.append({ value: "a" });
    await log.close();
    expect(log).toMatchObject({ first: 0, next: 1, durable: 1 });
    expect(log.stats()).toMatchObject({ appends: 1, segments: 1, pendingBytes: 0 });
    expect(log.recovery.verdict).toBe("new");
  });

  test("without having written leaves the files as they were", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    await log.close();
    const before = printed(await machine.files());
    for (let round = 0; round < 3; round++) {
      const again = await machine.open();
      expect(await valuesOf(again)).toEqual(["a"]);
      await again.close();
      expect(printed(await machine.files())).toEqual(before);
    }
  });

  test("lets the next opener write on in the same segment", async () => {
    const machine = model.build();
    for (let round = 0; round < 5; round++) {
      const log = await machine.open();
      expect(log.recovery).toMatchObject({
        verdict: round === 0 ? "new" : "clean",
        next: round,
        segments: 1,
      });
      expect((await log.append({ value: `${round}` })).offset).toBe(round);
      await log.close();
    }
    const log = await machine.open();
    expect(await valuesOf(log)).toEqual(["0", "1", "2", "3", "4"]);
    expect(log.stats().segments).toBe(1);
  });

  test("comes after the verbs that were called before it", async () => {
    const machine = model.build();
    const log = await machine.open();
    const calls = [
      log.append({ value: "a" }),
      log.append({ value: "b" }),
      log.rotate(),
      log.append({ value: "c" }),
      log.truncateBefore(1),
      log.flush(),
      log.close(),
    ];
    expect(await endings(calls)).toEqual(calls.map(() => "fulfilled"));
    const again = await machine.open();
    expect(await valuesOf(again)).toEqual(["b", "c"]);
  });

  test("of an empty log leaves an empty log", async () => {
    const machine = model.build();
    await (await machine.open()).close();
    const log = await machine.open();
    expect(log.recovery).toEqual({
      verdict: "clean",
      segments: 1,
      first: 0,
      next: 0,
      rewritten: undefined,
      torn: undefined,
      unborn: [],
      superseded: [],
      truncated: [],
      foreign: [],
    });
  });
});

describe.each(holding)("closing while a flush is held ($name)", (model) => {
  test("waits for it, keeps the lock until then, and takes nothing more", async () => {
    const machine = model.build();
    const log = await machine.open();
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const append = log.append({ value: "a" });
    await held.reached;
    const closing = log.close();
    const state = watch(closing);
    await idle();
    expect(state.settled).toBe(false);
    await refusal(machine.open(), "LOCKED");
    thrown(() => log.stage({ value: "late" }), "CLOSED");
    held.pass();
    await closing;
    expect((await append).offset).toBe(0);
    expect((await machine.open()).recovery).toMatchObject({ verdict: "clean", next: 1 });
  });
});
