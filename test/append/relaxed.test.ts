/**
 * A relaxed log acknowledges what is written, and flushes in the next turn of the event loop all that was written
 * until then. The turn ends here when the test says so, and time stands still.
 */
import { describe, expect, test } from "vitest";
import { type Log, openLog, WalError } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { deferred, diskError, failing, type Gate, gate, miscounting } from "../support/faults.ts";
import type { Hook } from "../support/faulty-storage.ts";
import {
  holding,
  type LogSettings,
  type Machine,
  memories,
  memoryOverlapping,
  memorySync,
  models,
  nodeAsync,
  topic,
} from "../support/machine.ts";
import { idle, refusal, watch } from "../support/outcome.ts";

interface Turns {
  log: Log;
  /** What the clock says, in ms. */
  elapsed: number;
  /** Lets the event loop turn. */
  end(): Promise<void>;
}

async function opened(machine: Machine, settings: LogSettings = {}): Promise<Turns> {
  let turn = deferred<void>();
  const turns: Omit<Turns, "log"> = {
    elapsed: 0,
    end: async () => {
      turn.resolve();
      turn = deferred();
      await idle();
    },
  };
  const storage = { ...machine.storage, elapsed: () => turns.elapsed, sleep: () => turn.promise };
  return Object.assign(turns, { log: await openLog({ storage, topic, durability: "relaxed", ...settings }) });
}

async function append(log: Log, count: number): Promise<void> {
  for (let each = 0; each < count; each++) await log.append({ value: `${log.next}` });
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

describe.each(models)("a relaxed log ($name)", (model) => {
  test("flushes once for all that was written in a turn of the event loop", async () => {
    const turns = await opened(model.build());
    const { log } = turns;
    const { flushes } = log.stats();
    await append(log, 50);
    expect(log).toMatchObject({ next: 50, durable: 0 });
    expect(log.stats()).toMatchObject({ flushes, batches: 0 });

    await turns.end();
    await expect.poll(() => log.durable).toBe(50);
    expect(log.stats()).toMatchObject({ flushes: flushes + 1, batches: 50, pendingBytes: 0 });
    expect(await valuesOf(log)).toEqual(numbers(50));
    await log.close();
  });

  test("lets nobody wait for the end of a turn who asks for a flush, a rotation or a close", async () => {
    const { log } = await opened(model.build());
    await append(log, 2);
    await log.flush();
    expect(log.durable).toBe(2);
    await append(log, 2);
    await log.rotate();
    expect(log.durable).toBe(4);
    await append(log, 2);
    await log.close();
    expect(log.durable).toBe(6);
  });

  test("loses all that no flush has covered when one fails, and says so once", async () => {
    const machine = model.build();
    const turns = await opened(machine);
    const { log } = turns;
    await append(log, 2);
    await log.flush();
    await append(log, 3);
    machine.hook = failing({ op: "flush" });
    await turns.end();
    await expect.poll(() => log.next).toBe(2);

    expect(await refusal(log.append({ value: "told" }), "FLUSH_FAILED")).toMatchObject({ first: 2, next: 5 });
    await append(log, 1);
    await log.flush();
    expect(await valuesOf(log)).toEqual(numbers(3));
    await log.close();
  });

  test.each<[string, () => Hook]>([
    ["fails", () => failing({ op: "write" })],
    ["comes back short", () => miscounting({}, () => ({ bytes: 5 }))],
  ])("loses nothing that was written when a later write %s", async (_, faultOf) => {
    const machine = model.build();
    const { log } = await opened(machine);
    await append(log, 3);
    machine.hook = faultOf();
    expect(await refusal(log.append({ value: "lost" }), "FLUSH_FAILED")).toMatchObject({ first: 3, next: 4 });
    expect(log).toMatchObject({ next: 3, durable: 3 });
    await append(log, 1);
    await log.close();
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(numbers(4));
  });

  test("flushes for those who wait for room, and tells them alone of a failure", async () => {
    const machine = model.build();
    const { log } = await opened(machine, { maxPendingBytes: 300 });
    const value = "x".repeat(100);
    const fill = (): Promise<unknown> => Promise.all([1, 2, 3].map(() => log.append({ value })));
    await Promise.all([fill(), log.append({ value: "waits" }), log.flush()]);
    expect(log.durable).toBe(4);

    machine.hook = failing({ op: "flush" });
    const filled = fill();
    await refusal(log.flush(), "FLUSH_FAILED");
    await filled;
    expect((await log.append({ value: "healthy" })).offset).toBe(4);
    await log.close();
  });

  test("writes no more in one turn than the event loop can bear", async () => {
    const turns = await opened(model.build());
    const { log } = turns;
    await append(log, 1);
    turns.elapsed = 9;
    await append(log, 1);
    const third = log.append({ value: "2" });
    const state = watch(third);
    await idle();
    expect(state.settled).toBe(false);
    await turns.end();
    expect((await third).offset).toBe(2);
    await log.close();
  });

  test("lets no more than 1,024 writes wait for one flush", async () => {
    const turns = await opened(model.build());
    const { log } = turns;
    await append(log, 1024);
    const more = Promise.all([log.append({ value: "1024" }), log.append({ value: "1025" })]);
    const state = watch(more);
    await idle();
    expect(state.settled).toBe(false);
    const { batches } = log.stats();
    await turns.end();
    await more;
    await log.flush();
    // Those that had to wait share a write.
    expect(log.stats().batches).toBe(batches + 1025);
    await log.close();
  });
});

/** A log with one record, of which the flush is under way. */
async function flushing(machine: Machine): Promise<{ turns: Turns; log: Log; held: Gate }> {
  const turns = await opened(machine);
  const { log } = turns;
  const held = gate({ op: "flush" });
  machine.hook = held.hook;
  await append(log, 1);
  await turns.end();
  await held.reached;
  return { turns, log, held };
}

/** Where a storage flushes several times at once. */
const overlapping = holding.filter((model) => model === memoryOverlapping || model === nodeAsync);

describe.each(holding)("a relaxed log whose flush takes a while ($name)", (model) => {
  test("writes on meanwhile if its storage flushes several times at once, and flushes the rest behind it", async () => {
    const machine = model.build();
    const { turns, log, held } = await flushing(machine);
    const { flushes } = log.stats();
    const more = append(log, 3);
    const state = watch(more);
    await idle();
    expect(state.settled).toBe(machine.storage.flushesAtOnce > 1);
    if (state.settled) await turns.end();
    expect(log.stats().flushes).toBe(flushes);

    held.pass();
    await more;
    if (machine.storage.flushesAtOnce === 1) await turns.end();
    await expect.poll(() => log.durable).toBe(4);
    expect(log.stats().flushes).toBe(flushes + 1);
    await log.close();
  });

  test("flushes nothing while something is being written, unless its storage flushes several times at once", async () => {
    const machine = model.build();
    const turns = await opened(machine);
    const { log } = turns;
    await append(log, 1);
    const { flushes } = log.stats();
    const held = gate({ op: "write" });
    machine.hook = held.hook;
    const second = log.append({ value: "1" });
    await held.reached;
    await turns.end();
    expect(log.stats().flushes - flushes).toBe(machine.storage.flushesAtOnce > 1 ? 1 : 0);
    held.pass();
    await second;
    if (machine.storage.flushesAtOnce > 1) await turns.end();
    await expect.poll(() => log.durable).toBe(2);
    await log.close();
  });

  test("loses what was written behind a flush that fails", async () => {
    const { log, held } = await flushing(model.build());
    const more = append(log, 3).catch(() => undefined);
    await idle();
    held.fail(diskError());
    await more;
    await log.flush().catch(() => undefined);
    expect(await valuesOf(log)).toEqual(numbers(log.durable));
    await append(log, 1);
    await log.flush();
    expect(await valuesOf(log)).toEqual(numbers(log.durable));
    await log.close();
  });
});

describe.each(overlapping)("a relaxed log that writes beside its flush ($name)", (model) => {
  test("keeps what a flush under way covers when a write beside it fails", async () => {
    const machine = model.build();
    const { log, held } = await flushing(machine);
    await append(log, 1);
    machine.hook = failing({ op: "write" });
    const third = log.append({ value: "lost" });
    const state = watch(third);
    await idle();
    expect(state.settled).toBe(false);
    held.pass();
    await refusal(third, "FLUSH_FAILED");
    expect(log.durable).toBe(2);
    await append(log, 1);
    expect(await valuesOf(log)).toEqual(numbers(2));
    await log.close();
  });
});

describe.each(memories)("a relaxed log on a full disk ($name)", (model) => {
  test("writes all that no flush has covered once more when room could be made", async () => {
    const hour = 3_600_000;
    const machine = model.build();
    const turns = await opened(machine, { retention: { maxAgeMs: hour } });
    const { log } = turns;
    await append(log, 3);
    await log.rotate();
    machine.now += 2 * hour;
    await append(log, 4);
    machine.hook = failing({ op: "write" }, () => new WalError("FULL", "the disk has no room for this"));
    await append(log, 1);
    await log.flush();
    expect(log).toMatchObject({ first: 3, durable: 8 });
    expect(await valuesOf(log)).toEqual(numbers(8).slice(3));
    await log.close();
    machine.hook = undefined;
    expect(await valuesOf(await machine.open())).toEqual(numbers(8).slice(3));
  });
});

test("a relaxed log keeps no buffers for what is small and waits for its flush", async () => {
  const { log } = await opened(memorySync.build());
  const before = process.memoryUsage().arrayBuffers;
  await append(log, 500);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20);
  await log.close();
});
