/**
 * What a failed flush does to those who wait and to the file (design, "When a flush fails", 1 to 4). The
 * hook sees every operation on the disk, so a file that is touched again, or an ack that comes too early,
 * shows in the order of the calls.
 */
import { describe, expect, test } from "vitest";
import { linesOf, summaryOf, valuesOf } from "../support/content.ts";
import type { Call } from "../support/faulty-storage.ts";
import { failing, failingAfterwards, gate } from "../support/faults.ts";
import { holding, models } from "../support/machine.ts";
import { endings, idle, refusal, thrown, watch } from "../support/outcome.ts";

const told = ({ op, name }: Call): string => `${op} ${name}`;

describe.each(models)("a failed flush ($name)", (model) => {
  test("rejects everybody in the group, and the offset is not advanced", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "kept" });
    const before = await summaryOf(log);

    machine.hook = failing({ op: "flush" });
    const group = [
      log.append({ value: "a" }),
      log.appendBatch([{ value: "b" }, { value: "c" }]),
      log.append({ value: "d" }),
    ];

    expect(await endings(group)).toEqual(["FLUSH_FAILED", "FLUSH_FAILED", "FLUSH_FAILED"]);
    expect(await summaryOf(log)).toEqual(before);
  });

  test("says what failed, where, which offsets are concerned, and why", async () => {
    const machine = model.build();
    const log = await machine.open();
    const { segment } = await log.append({ value: "kept" });

    machine.hook = failing({ op: "flush" });
    const lost = log.append({ value: "lost" });
    const error = await refusal(lost, "FLUSH_FAILED");

    expect(error).toMatchObject({ segment, first: 1, next: 2 });
    expect(error.message).toContain("flush");
    expect(error.message).toContain(segment);
    expect(error.cause).toMatchObject({ code: "EIO" });
  });

  test("is undone for good by a truncation at its place, though its bytes are on the disk", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "kept" });
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");
    machine.hook = undefined;

    await log.truncateAfter(0);
    await machine.die();

    expect(await valuesOf(await machine.open())).toEqual(["kept"]);
  });

  // etcd-style logs and LevelDB flush, or write, the same file again: the kernel has dropped the pages.
  test("is the last thing that is done to its file", async () => {
    const machine = model.build();
    const log = await machine.open();
    const { segment } = await log.append({ value: "kept" });

    const hook = failing({ op: "flush" });
    machine.hook = hook;
    await refusal(log.append({ value: "lost" }), "FLUSH_FAILED");
    expect(hook.met).toBe(1);
    machine.calls = [];
    await log.append({ value: "again" });
    await log.append({ value: "more" });
    await log.rotate();
    await log.truncateBefore(1);
    await log.truncateAfter(1);
    await log.append({ value: "and more" });
    await log.close();

    const touched = machine.calls.filter(({ name, op }) => name === segment && op !== "read");
    expect(
      touched.map(({ op }) => op).filter((op) => ["write", "flush", "truncate", "create"].includes(op)),
    ).toEqual([]);
    expect(machine.calls.filter(({ op }) => op === "flush")).not.toEqual([]);
  });

  test("is followed by a new segment, which is flushed before the retry is written to it", async () => {
    const machine = model.build();
    const log = await machine.open();
    const { segment } = await log.append({ value: "kept" });
    machine.hook = failing({ op: "flush" });
    await refusal(log.append({ value: "retried" }), "FLUSH_FAILED");

    machine.calls = [];
    const ack = await log.append({ value: "retried" });

    expect(ack.offset).toBe(1);
    expect(ack.segment).not.toBe(segment);
    const changes = machine.calls.filter(({ op }) => ["create", "write", "flush"].includes(op));
    const fresh = ack.segment;
    const expected = ["create", "write", "flush", "write", "flush"].map((op) => `${op} ${fresh}`);
    expect(changes.map(told)).toEqual(expected);
    expect(await valuesOf(log)).toEqual(["kept", "retried"]);
  });

  test("may be the first that the log has ever made", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.hook = failing({ op: "flush" });
    await refusal(log.append({ value: "first" }), "FLUSH_FAILED");
    expect(await summaryOf(log)).toEqual({ first: 0, next: 0, durable: 0, values: [] });

    expect(await log.append({ value: "first" })).toMatchObject({ offset: 0 });
    await log.close();
    expect(await valuesOf(await machine.open())).toEqual(["first"]);
  });

  // KayaDB: the retry has the number of the record that failed, and recovery took the wrong one.
  test("leaves nothing behind that a restart takes for the retry, even if its bytes are on the disk", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "kept" });
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.appendBatch([{ value: "failed" }, { value: "failed too" }]), "FLUSH_FAILED");
    await log.append({ value: "retried" });
    const lines = await linesOf(log);

    // pgsql-hackers 2020: what is dead must not come back at the second crash either.
    for (let crash = 1; crash <= 3; crash++) {
      if (machine.inMemory) machine.losePower();
      else await machine.die();
      const again = await machine.open();
      expect(await linesOf(again)).toEqual(lines);
    }
    await machine.die();
    const last = await machine.open();
    await last.append({ value: "after" });
    expect(await valuesOf(last)).toEqual(["kept", "retried", "after"]);
  });
});

describe.each(holding)("a flush that fails while others wait ($name)", (model) => {
  test("rejects everything that is queued behind it, and nothing waits for ever", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (let index = 0; index < 4; index++) await log.append({ value: `kept ${index}` });
    const before = await summaryOf(log);
    const held = gate({ op: "flush" });
    machine.hook = held.hook;

    const group = log.append({ value: "in the group" });
    await held.reached;
    // okaywal: the leader's flush fails and its followers wait for ever.
    const queued = [
      log.append({ value: "behind it" }),
      log.appendBatch([{ value: "behind it too" }]),
      log.flush(),
      log.rotate(),
      log.truncateBefore(2),
      log.truncateAfter(1),
      log.append({ value: "last" }),
    ];
    await idle();
    held.fail(new Error("EIO"));

    expect(await endings([group, ...queued])).toEqual(Array.from({ length: 8 }, () => "FLUSH_FAILED"));
    expect(await summaryOf(log)).toEqual(before);
    expect(await log.append({ value: "again" })).toMatchObject({ offset: 4 });
    await machine.die();
    expect((await summaryOf(await machine.open())).values).toEqual([...before.values, "again"]);
  });

  test("rejects what waits for room in the buffer, and makes room", async () => {
    const machine = model.build();
    const log = await machine.open({ maxPendingBytes: 1 });
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const group = log.append({ value: "in the group" });
    const waiting = [log.append({ value: "waits" }), log.append({ value: "waits too" })];
    await held.reached;
    thrown(() => log.stage({ value: "no room" }), "FULL");
    held.fail(new Error("EIO"));

    expect(await endings([group, ...waiting])).toEqual(Array.from({ length: 3 }, () => "FLUSH_FAILED"));
    expect(log.stats().pendingBytes).toBe(0);
    expect(await log.append({ value: "again" })).toMatchObject({ offset: 0 });
  });

  test("keeps the retry waiting until its new segment and its record are flushed", async () => {
    const machine = model.build();
    const log = await machine.open();
    machine.hook = failing({ op: "flush" });
    await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");

    const birth = gate({ op: "flush" });
    machine.hook = birth.hook;
    const retry = log.append({ value: "retried" });
    const state = watch(retry);
    await birth.reached;
    await idle();
    expect(state.settled).toBe(false);

    const own = gate({ op: "flush" });
    machine.hook = own.hook;
    birth.pass();
    await own.reached;
    await idle();
    expect(state.settled).toBe(false);
    expect(log.durable).toBe(0);

    own.pass();
    expect(await retry).toMatchObject({ offset: 0 });
    expect(log.durable).toBe(1);
  });
});
