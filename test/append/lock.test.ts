/**
 * One writer at a time: who comes second is told `LOCKED` at once, or waits as long as it asked to, until the
 * log is free, its time is over, or its signal gives up. Time is the storage's, and tests move it.
 */
import { describe, expect, test } from "vitest";
import { openLog, type OpenLogOptions, type Storage } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { failing } from "../support/faults.ts";
import { type Machine, models, topic } from "../support/machine.ts";
import { idle, refusal } from "../support/outcome.ts";

/** The storage of a machine whose time passes only while somebody sleeps, and who counts the attempts. */
function timed(machine: Machine): { storage: Storage; attempts(): number; slept(): number } {
  let elapsed = 0;
  let attempts = 0;
  const storage: Storage = {
    ...machine.storage,
    elapsed: () => elapsed,
    sleep: async (ms) => {
      await new Promise((resolve) => setImmediate(resolve));
      elapsed += ms;
    },
    open: (path, options) => {
      attempts++;
      return machine.storage.open(path, options);
    },
  };
  return { storage, attempts: () => attempts, slept: () => elapsed };
}

describe.each(models)("a log that is open ($name)", (model) => {
  test("is LOCKED for everybody else, at once, and goes on unharmed", async () => {
    const machine = model.build();
    const log = await machine.open();
    const { storage, attempts, slept } = timed(machine);
    for (const options of [{}, { lockWaitMs: 0 }, { signal: new AbortController().signal }]) {
      const error = await refusal(openLog({ storage, topic, ...options }), "LOCKED");
      expect(error.message).toContain("orders");
    }
    expect([attempts(), slept()]).toEqual([3, 0]);
    expect((await log.append({ value: "a" })).offset).toBe(0);
  });

  test("is its own log: another topic or partition is free", async () => {
    const machine = model.build();
    await machine.open();
    const { storage } = machine;
    const others = [
      await openLog({ storage, topic, partition: 1 }),
      await openLog({ storage, topic: "payments" }),
    ];
    for (const other of others) expect((await other.append({ value: "a" })).offset).toBe(0);
    for (const other of others) await other.close();
  });

  test("is waited for until it is closed", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    const { storage, attempts } = timed(machine);
    const opening = openLog({ storage, topic, lockWaitMs: Infinity });
    while (attempts() < 3) await idle();
    await log.append({ value: "b" });
    await log.close();
    const next = await opening;
    expect(await valuesOf(next)).toEqual(["a", "b"]);
    expect(next.recovery.verdict).toBe("clean");
    await next.close();
  });

  test("is waited for as long as was asked, and no longer", async () => {
    const machine = model.build();
    await machine.open();
    const { storage, attempts, slept } = timed(machine);
    await refusal(openLog({ storage, topic, lockWaitMs: 300 }), "LOCKED");
    expect(slept()).toBeGreaterThanOrEqual(300);
    expect(slept()).toBeLessThan(600);
    expect(attempts()).toBeGreaterThan(3);
  });

  test("is given to one of those who wait", async () => {
    const machine = model.build();
    const log = await machine.open();
    const { storage, attempts } = timed(machine);
    const openings = [1, 2, 3].map(() => openLog({ storage, topic, lockWaitMs: Infinity }));
    while (attempts() < 6) await idle();
    await log.close();
    for (let round = 0; round < 3; round++) {
      const winner = await Promise.any(openings);
      const index = (await Promise.all(openings.map((each) => Promise.race([each, idle()])))).indexOf(winner);
      await winner.append({ value: `${round}` });
      await winner.close();
      openings.splice(index, 1);
    }
    expect(await valuesOf(await machine.open())).toEqual(["0", "1", "2"]);
  });
});

describe.each(models)("a signal while waiting for the lock ($name)", (model) => {
  test("gives up, with its reason", async () => {
    const machine = model.build();
    const log = await machine.open();
    const { storage, attempts } = timed(machine);
    const controller = new AbortController();
    const opening = openLog({ storage, topic, lockWaitMs: Infinity, signal: controller.signal });
    const ended = expect(opening).rejects.toBe("I gave up");
    while (attempts() < 3) await idle();
    controller.abort("I gave up");
    await ended;
    const before = attempts();
    await idle();
    expect(attempts()).toBe(before);
    expect((await log.append({ value: "a" })).offset).toBe(0);
  });

  test("that was given before keeps from trying at all", async () => {
    const machine = model.build();
    const { storage, attempts } = timed(machine);
    const reason = new Error("never");
    await expect(openLog({ storage, topic, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(attempts()).toBe(0);
  });

  test("is of no interest once the log is open", async () => {
    const machine = model.build();
    const controller = new AbortController();
    const log = await openLog({ storage: machine.storage, topic, signal: controller.signal });
    controller.abort();
    expect((await log.append({ value: "a" })).offset).toBe(0);
    await log.close();
  });
});

describe.each(models)("a lock ($name)", (model) => {
  test("is freed when opening fails, whatever the reason", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    await log.close();
    for (const op of ["list", "read", "size"] as const) {
      machine.hook = failing({ op });
      await refusal(machine.open(), "READ_FAILED");
      machine.hook = undefined;
    }
    await expect(machine.open({ maxProducers: 0 })).rejects.toThrow(RangeError);
    expect(await valuesOf(await machine.open())).toEqual(["a"]);
  });

  test("is not waited for when opening fails for another reason", async () => {
    const machine = model.build();
    await (await machine.open()).close();
    const { storage, attempts, slept } = timed(machine);
    machine.hook = failing({ op: "list" });
    const options: OpenLogOptions = { storage, topic, lockWaitMs: Infinity };
    await refusal(openLog(options), "READ_FAILED");
    expect([attempts(), slept()]).toEqual([1, 0]);
    machine.hook = undefined;
    await (await openLog(options)).close();
  });
});
