/**
 * Closing while something fails. Whatever happens, the lock comes free, everybody who waits is told, and
 * the log that is opened next holds every record that was acknowledged.
 */
import { describe, expect, test } from "vitest";
import { valuesOf } from "../support/content.ts";
import { anyOf, failing, failingAfterwards, gate } from "../support/faults.ts";
import type { Hook } from "../support/faulty-storage.ts";
import { holding, models } from "../support/machine.ts";
import { endings, idle, refusal } from "../support/outcome.ts";

const faults: Record<string, () => Hook> = {
  "its write fails": () => failing({ op: "write" }),
  "its flush fails": () => failing({ op: "flush" }),
  "its flush fails when it was done": () => failingAfterwards({ op: "flush" }),
};

describe.each(models)("close ($name)", (model) => {
  // arcadedb#4934: a clean close removed the log although its flush had failed.
  test.each(Object.keys(faults))(
    "rejects when %s, frees the lock, and loses nothing acknowledged",
    async (name) => {
      const machine = model.build();
      const log = await machine.open();
      await log.appendBatch([{ value: "a" }, { value: "b" }]);
      machine.hook = faults[name]!();

      const error = await refusal(log.close(), "FLUSH_FAILED");
      expect(await endings([log.close()])).toEqual(["FLUSH_FAILED"]);
      await refusal(log.append({ value: "late" }), "CLOSED");
      expect(error.cause).toMatchObject({ code: "EIO" });

      const again = await machine.open();
      expect(await valuesOf(again)).toEqual(["a", "b"]);
      expect(await again.append({ value: "c" })).toMatchObject({ offset: 2 });
      await again.close();
      const last = await machine.open();
      expect(await valuesOf(last)).toEqual(["a", "b", "c"]);
      expect(last.recovery.verdict).toBe("clean");
    },
  );

  test.each(Object.keys(faults))("rejects when there are staged records and %s", async (name) => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    log.stage({ value: "staged" });
    machine.hook = faults[name]!();

    await refusal(log.close(), "FLUSH_FAILED");
    const again = await machine.open();
    expect((await valuesOf(again))[0]).toBe("a");
    expect(again.next).toBe(again.durable);
  });

  test("leaves a log without the records that were rejected, though their bytes are on the disk", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.append({ value: "rejected" }), "FLUSH_FAILED");
    await log.close();

    expect(await valuesOf(await machine.open())).toEqual(["a"]);
  });

  test("does not bring about a truncation that was refused", async () => {
    const machine = model.build();
    await (await machine.open()).close();
    const first = await machine.open();
    await first.appendBatch([{ value: "a" }, { value: "b" }]);
    await first.close();
    // It has been opened and not written to: its end is still the one that it was closed with.
    const log = await machine.open();
    machine.hook = anyOf(failing({ op: "flush" }), failing({ op: "remove" }));
    await refusal(log.truncateAfter(0), "FLUSH_FAILED");
    expect(await valuesOf(log)).toEqual(["a", "b"]);
    machine.hook = undefined;
    await log.close();

    expect(await valuesOf(await machine.open())).toEqual(["a", "b"]);
  });

  // A disk that flushes a new file and then fails cannot be trusted with the note of a clean end.
  test("writes nothing more to a segment that it has just begun and that failed already", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const value of ["a", "b"]) {
      await log.append({ value });
      await log.rotate();
    }
    machine.hook = failing({ op: "remove" });
    await log.truncateAfter(0);
    machine.hook = failing({ op: "flush" });
    await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");
    machine.hook = failing({ op: "flush", after: 1 });
    await log.close().catch(() => undefined);
    expect(await valuesOf(await machine.open())).toEqual(["a"]);
  });

  test("gives the lock free when files cannot be closed", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    await log.rotate();
    await log.append({ value: "b" });
    expect(await valuesOf(log)).toEqual(["a", "b"]);
    machine.hook = failing({ op: "close", name: ".wal", times: 2 });
    await log.close().catch(() => undefined);

    expect(await valuesOf(await machine.open())).toEqual(["a", "b"]);
  });

  test("writes what was staged, and what still waits for room, before it gives the lock free", async () => {
    const machine = model.build();
    const log = await machine.open({ maxPendingBytes: 1 });
    const appends = Array.from({ length: 20 }, (_, index) => log.append({ value: `${index}` }));
    await log.close();

    expect(await endings(appends)).toEqual(appends.map(() => "fulfilled"));
    expect(await valuesOf(await machine.open())).toEqual(appends.map((_, index) => `${index}`));
  });

  test("frees the lock when an append that waited for room fails on the way", async () => {
    const machine = model.build();
    const log = await machine.open({ maxPendingBytes: 1 });
    const appends = Array.from({ length: 4 }, (_, index) => log.append({ value: `${index}` }));
    machine.hook = failing({ op: "flush", after: 1, times: Infinity });
    const close = log.close();

    expect(await endings([...appends, close])).toEqual([
      "fulfilled",
      "FLUSH_FAILED",
      "FLUSH_FAILED",
      "FLUSH_FAILED",
      "FLUSH_FAILED",
    ]);
    machine.hook = undefined;
    expect((await valuesOf(await machine.open()))[0]).toBe("0");
  });

  test("leaves an unfinished log that a retry after reopening completes", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 500 } });
    for (let index = 0; index < 8; index++) await log.append({ value: `${index} ${"x".repeat(100)}` });
    machine.hook = failing({ op: ["write", "create", "flush", "truncate"], times: Infinity });
    await refusal(log.append({ value: "lost" }), "FLUSH_FAILED");
    await log.close().catch(() => undefined);

    machine.hook = undefined;
    const again = await machine.open();
    expect(again.next).toBe(8);
    expect(await again.append({ value: "retried" })).toMatchObject({ offset: 8 });
  });
});

describe.each(holding)("close, while a flush is under way ($name)", (model) => {
  test("waits for it, and rejects when it fails", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const append = log.append({ value: "b" });
    await held.reached;
    const close = log.close();
    const late = endings([log.append({ value: "too late" })]);
    await idle();
    expect(await late).toEqual(["CLOSED"]);
    await refusal(machine.open(), "LOCKED");

    held.fail(new Error("EIO"));
    expect(await endings([append, close])).toEqual(["FLUSH_FAILED", "FLUSH_FAILED"]);
    expect((await valuesOf(await machine.open()))[0]).toBe("a");
  });

  test("acknowledges what was appended before it", async () => {
    const machine = model.build();
    const log = await machine.open();
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const appends = [log.append({ value: "a" })];
    await held.reached;
    appends.push(log.append({ value: "b" }), log.append({ value: "c" }));
    const close = log.close();
    held.pass();
    await close;

    expect(await endings(appends)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
    expect(await valuesOf(await machine.open())).toEqual(["a", "b", "c"]);
  });
});
