/**
 * Leaving a reading: by its signal, before it begins, between records or while it waits, and by simply going
 * away. The reason of the signal is what is thrown, nothing hangs, and the log does not notice.
 */
import { describe, expect, test } from "vitest";
import { type Log, openReader, type ReadOptions, type Signal } from "../../src/index.ts";
import { type LogSettings, type Machine, models, topic } from "../support/machine.ts";
import { endings, idle } from "../support/outcome.ts";
import { Follower } from "./follower.ts";

async function filled(machine: Machine, count: number, settings?: LogSettings): Promise<Log> {
  const log = await machine.open(settings);
  for (let index = 0; index < count; index++) await log.append({ value: `${index}` });
  return log;
}

/** A signal that counts its listeners. */
function counted(): { signal: Signal; abort(reason: unknown): void; listeners(): number } {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: (_: "abort", listener: () => void) => void listeners.add(listener),
    removeEventListener: (_: "abort", listener: () => void) => void listeners.delete(listener),
  };
  const abort = (reason: unknown): void => {
    Object.assign(signal, { aborted: true, reason });
    for (const listener of listeners) listener();
  };
  return { signal, abort, listeners: () => listeners.size };
}

const all = async (reading: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of reading);
};

describe.each(models)("a signal ($name)", (model) => {
  test("that was given before ends a reading before its first record, with its reason", async () => {
    const log = await filled(model.build(), 3);
    const reason = { because: "I say so" };
    const options: ReadOptions = { signal: AbortSignal.abort(reason) };
    for (const follow of [false, true]) {
      await expect(log.read({ ...options, follow }).next()).rejects.toBe(reason);
      await expect(log.readBatches({ ...options, follow }).next()).rejects.toBe(reason);
    }
  });

  test("is obeyed between two records, also of one batch", async () => {
    const log = await model.build().open();
    await log.appendBatch([{ value: "a" }, { value: "b" }, { value: "c" }]);
    const controller = new AbortController();
    const reading = log.read({ signal: controller.signal });
    await reading.next();
    controller.abort(new Error("enough"));
    await expect(reading.next()).rejects.toThrow("enough");
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });

  test("is obeyed between two batches", async () => {
    const log = await filled(model.build(), 3);
    const controller = new AbortController();
    const reading = log.readBatches({ signal: controller.signal });
    await reading.next();
    controller.abort(new Error("enough"));
    await expect(reading.next()).rejects.toThrow("enough");
  });

  test("wakes a follower that waits, at once and with its reason", async () => {
    const log = await filled(model.build(), 1);
    for (const reason of [new Error("stop"), "text", undefined, 0]) {
      const { signal, abort, listeners } = counted();
      const reading = log.read({ from: 1, follow: true, signal });
      const next = reading.next().then(
        () => ["fulfilled"],
        (error: unknown) => ["rejected", error],
      );
      await idle();
      abort(reason);
      expect(await next).toEqual(["rejected", reason]);
      expect(listeners()).toBe(0);
    }
    expect((await log.append({ value: "unharmed" })).offset).toBe(1);
  });

  test("gets its listener back whenever a follower has waited", async () => {
    const log = await filled(model.build(), 0);
    const { signal, abort, listeners } = counted();
    const ended = endings([all(log.readBatches({ follow: true, signal }))]);
    for (let index = 0; index < 30; index++) {
      await log.append({ value: `${index}` });
      await idle();
      expect(listeners()).toBeLessThanOrEqual(1);
    }
    abort(new Error("done"));
    expect(await ended).toEqual(["done"]);
    expect(listeners()).toBe(0);
  });

  test("ends one follower and leaves the others", async () => {
    const log = await filled(model.build(), 2);
    const [one, other] = [new Follower(log), new Follower(log)];
    await Promise.all([one.reach(2), other.reach(2)]);
    await one.stop();
    expect(await one.ended).toBe("Error: stopped");
    await log.append({ value: "2" });
    await other.reach(3);
    expect(one.offsets).toEqual([0, 1]);
  });

  test("that is given after the end is of no interest", async () => {
    const log = await filled(model.build(), 2);
    const controller = new AbortController();
    await all(log.read({ signal: controller.signal }));
    controller.abort();
    await idle();
    expect((await log.append({ value: "2" })).offset).toBe(2);
  });

  test("wakes a reader without the lock", async () => {
    const machine = model.build();
    await filled(machine, 2);
    const reader = await openReader({ storage: machine.storage, topic });
    const { signal, abort, listeners } = counted();
    const ended = endings([all(reader.read({ follow: true, signal }))]);
    await idle();
    abort(new Error("stop"));
    expect(await ended).toEqual(["stop"]);
    expect(listeners()).toBe(0);
    await reader.close();
  });
});

describe.each(models)("a reading that is left early ($name)", (model) => {
  test("by break, return or throw, leaves the log as it was", async () => {
    const log = await filled(model.build(), 12, { segment: { maxBytes: 400 } });
    for (let stop = 0; stop < 12; stop++) {
      for await (const { offset } of log.read()) if (offset === stop) break;
      for await (const batch of log.readBatches()) if (batch.next > stop) break;
      const reading = log.read({ from: stop });
      await reading.next();
      expect(await reading.return()).toEqual({ done: true, value: undefined });
      await expect(reading.throw(new Error("thrown in"))).rejects.toThrow("thrown in");
    }
    const fail = async (): Promise<void> => {
      for await (const { offset } of log.read()) if (offset === 5) throw new Error("mine");
    };
    await expect(fail()).rejects.toThrow("mine");
    // Nothing holds on to a file: they can be removed, and the log be closed.
    await log.truncateBefore(12);
    expect(log.stats().segments).toBe(1);
    await log.close();
  });

  test("before its first record reads nothing", async () => {
    const machine = model.build();
    const log = await filled(machine, 3);
    await log.close();
    const again = await machine.open();
    machine.calls = [];
    await again.read().return();
    again.readBatches();
    again.read({ follow: true });
    expect(machine.calls).toEqual([]);
  });

  test("in great numbers costs no handle: the last one reads like the first", async () => {
    const machine = model.build();
    const log = await filled(machine, 40, { segment: { maxBytes: 300 } });
    const open = new Set<string>();
    machine.calls = [];
    for (let round = 0; round < 3; round++) {
      for (let from = 0; from < 40; from++) for await (const _ of log.read({ from })) break;
    }
    for (const { op, name } of machine.calls) {
      if (op === "open") open.add(name);
      if (op === "close") open.delete(name);
      expect(open.size).toBeLessThanOrEqual(20);
    }
  });
});
