/**
 * Records that nobody waits for: staged ones, and those that a relaxed log acknowledges before their
 * flush. When their flush fails, somebody must be told, and be told once. A retry loop then knows that it
 * has to begin again, and is not stopped by an old error.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import { summaryOf, valuesOf } from "../support/content.ts";
import { failing, failingAfterwards, gate } from "../support/faults.ts";
import { holding, models } from "../support/machine.ts";
import { endings, idle, refusal, thrown } from "../support/outcome.ts";

const verbs: Record<string, (log: Log) => Promise<unknown>> = {
  append: (log) => log.append({ value: "x" }),
  appendBatch: (log) => log.appendBatch([{ value: "x" }]),
  flush: (log) => log.flush(),
  rotate: (log) => log.rotate(),
  truncateBefore: (log) => log.truncateBefore(0),
  truncateAfter: (log) => log.truncateAfter(0),
  close: (log) => log.close(),
};

describe.each(models)("a staged record ($name)", (model) => {
  test("whose flush fails is reported by the flush that failed, and by nothing after it", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "kept" });
    log.stage({ value: "staged" });
    expect(log).toMatchObject({ next: 2, durable: 1 });

    machine.hook = failing({ op: "flush" });
    await refusal(log.flush(), "FLUSH_FAILED");
    expect(await summaryOf(log)).toEqual({ first: 0, next: 1, durable: 1, values: ["kept"] });

    expect(log.stage({ value: "staged again" })).toBe(1);
    await log.flush();
    expect(await valuesOf(log)).toEqual(["kept", "staged again"]);
  });

  test("is rejected together with the append that it shares a flush with", async () => {
    const machine = model.build();
    const log = await machine.open();
    log.stage({ value: "staged" });
    machine.hook = failing({ op: "flush" });
    await refusal(log.append({ value: "appended" }), "FLUSH_FAILED");
    expect(log).toMatchObject({ next: 0, durable: 0 });

    // The one who appended knows of its own record only. Whoever staged hears of it now, once.
    const first = thrown(() => log.stage({ value: "staged again" }), "FLUSH_FAILED");
    expect(first).toMatchObject({ first: 0, next: 2 });
    expect(log.stage({ value: "staged again" })).toBe(0);
    await log.flush();
    expect(await valuesOf(log)).toEqual(["staged again"]);
  });

  // pebble d40d24140, KayaDB: a lone writer whose record was flushed by the next append only.
  test("is durable after the next flush, without any append", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (let index = 0; index < 3; index++) log.stage({ value: `staged ${index}` });
    await log.flush();
    expect(log.durable).toBe(3);
    if (machine.inMemory) machine.losePower();
    else await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["staged 0", "staged 1", "staged 2"]);
  });

  test("that is written on its own because there are many is reported by the next verb, once", async () => {
    for (const verb of Object.keys(verbs)) {
      const machine = model.build();
      const log = await machine.open({ segment: { maxBytes: 100_000 } });
      await log.append({ value: "kept" });
      const hook = failing({ op: "write" });
      machine.hook = hook;
      // More than the log keeps in memory before it writes.
      log.stage({ value: new Uint8Array(60_000) });
      await idle();
      expect(hook.met).toBe(1);

      await refusal(verbs[verb]!(log), "FLUSH_FAILED");
      if (verb === "close") continue;
      expect(await summaryOf(log)).toEqual({ first: 0, next: 1, durable: 1, values: ["kept"] });
      await verbs[verb]!(log);
    }
  });
});

describe.each(holding)("a relaxed log ($name)", (model) => {
  test("acknowledges a record when it is written, and shows it when it is flushed", async () => {
    const machine = model.build();
    const log = await machine.open({ durability: "relaxed" });
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const ack = await log.append({ value: "written" });

    expect(ack).toMatchObject({ offset: 0, durability: machine.inMemory ? "memory" : "os" });
    expect(log).toMatchObject({ next: 1, durable: 0 });
    expect(await valuesOf(log)).toEqual([]);

    held.pass();
    await log.flush();
    expect(await valuesOf(log)).toEqual(["written"]);
  });

  test.each(Object.keys(verbs))(
    "reports a flush that failed behind an ack by the next %s, once",
    async (verb) => {
      const machine = model.build();
      const log = await machine.open({ durability: "relaxed" });
      await log.append({ value: "kept" });
      await log.flush();
      const held = gate({ op: "flush" });
      machine.hook = held.hook;
      await log.append({ value: "lost" });
      await held.reached;
      held.fail(new Error("EIO"));
      await idle();
      expect(log).toMatchObject({ next: 1, durable: 1 });

      const error = await refusal(verbs[verb]!(log), "FLUSH_FAILED");
      expect(error).toMatchObject({ first: 1, next: 2 });
      if (verb === "close") return;
      expect(await summaryOf(log)).toEqual({ first: 0, next: 1, durable: 1, values: ["kept"] });
      await verbs[verb]!(log);
      expect(await log.append({ value: "again" })).toMatchObject({
        offset: verb.startsWith("append") ? 2 : 1,
      });
    },
  );

  test("reports it by a verb that waits already, and then not again", async () => {
    const machine = model.build();
    const log = await machine.open({ durability: "relaxed" });
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    await log.append({ value: "lost" });
    await held.reached;
    const flush = log.flush();
    held.fail(new Error("EIO"));
    expect(await endings([flush])).toEqual(["FLUSH_FAILED"]);

    expect(await log.append({ value: "again" })).toMatchObject({ offset: 0 });
  });
});

describe.each(models)("a relaxed log that fails ($name)", (model) => {
  test("keeps what it flushed through a restart, and gives the lost offsets away again", async () => {
    const machine = model.build();
    const log = await machine.open({ durability: "relaxed" });
    await log.append({ value: "kept" });
    await log.flush();
    machine.hook = failingAfterwards({ op: "flush" });
    await log.append({ value: "lost" }).catch(() => undefined);
    await log.flush().catch(() => undefined);
    await log.flush().catch(() => undefined);
    expect(await log.append({ value: "instead" })).toMatchObject({ offset: 1 });
    await log.flush();

    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["kept", "instead"]);
  });
});
