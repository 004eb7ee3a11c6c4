/**
 * The storage of an open outbox dies under it, as that of a page does with its worker: the outbox opens its logs anew,
 * and nothing that it promised is lost, repeated or taken back.
 */
import { describe, expect, test } from "vitest";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { type Storage, WalError } from "../../src/index.ts";
import type { OutboxOptions } from "../../src/outbox/index.ts";
import { isGone } from "../../src/outbox/gone.ts";
import { everyMethod, faultyStorage, type Hook } from "../support/faulty-storage.ts";
import { Mortal } from "../support/mortal-storage.ts";
import { promised, settled, World } from "./world.ts";

/** An outbox on a storage that dies when it is told to, below which there may be faults. */
async function opened(colour: "sync" | "async", options: Partial<OutboxOptions> = {}) {
  const world = new World(colour);
  const mortal = new Mortal();
  const faults: { hook?: Hook | undefined; storage?: Storage } = {};
  world.wrap = (storage) => {
    const below: Storage = {
      ...storage,
      sleep: (ms) => world.timers.sleep(ms),
      open: (path, how) => (faults.storage ?? storage).open(path, how),
    };
    const promises = colour === "async" ? everyMethod : new Set<never>();
    return mortal.storage(faultyStorage(below, { promised: promises, hook: () => faults.hook }));
  };
  const outbox = await world.open(options);
  // Others have workers of their own.
  world.wrap = (storage) => storage;
  const errors: unknown[] = [];
  const states: string[] = [];
  outbox.events.addEventListener("error", ({ detail }) => errors.push(detail.error));
  outbox.events.addEventListener("change", () => states.push(outbox.status.state));
  return { world, mortal, outbox, faults, errors, states };
}

/** The storage dies, and from then on everything is taken. */
async function drainedBehindDeath({ world, mortal, outbox }: Pick<Opened, "world" | "mortal" | "outbox">) {
  mortal.die();
  world.other.otherwise = () => "done";
  world.other.sent.length = 0;
  const drained = outbox.drained();
  await world.timers.pass(10_000);
  await drained;
}

type Opened = Awaited<ReturnType<typeof opened>>;

for (const colour of ["sync", "async"] as const) {
  describe(`on a storage that is ${colour}`, () => {
    test("what was pending is delivered once, under the ids that it had, and pushes are taken again", async () => {
      const { world, mortal, outbox, states } = await opened(colour);
      world.other.otherwise = () => "retry";
      const ids = [];
      for (const value of ["a", "b"]) ids.push((await outbox.push({ key: "k", value })).id);
      await world.timers.pass(10);
      world.other.sent.length = 0;
      world.other.otherwise = () => "done";
      mortal.die();
      // Whoever pushes is the first to notice.
      await expect(outbox.push({ key: "k", value: "c" })).rejects.toMatchObject({ code: "FLUSH_FAILED" });
      expect(outbox.status).toMatchObject({ state: "reopening", pending: 2 });
      expect(outbox.status.reason).toContain("the worker has died");
      // It is being opened: this one waits for that.
      await outbox.push({ key: "k", value: "d" });
      await world.timers.pass(10);
      expect(world.other.values.flat()).toEqual(["a", "b", "d"]);
      expect(world.other.sent.flatMap((sent) => sent.ids).slice(0, 2)).toEqual(ids);
      expect(outbox.status).toMatchObject({ state: "idle", pending: 0, reason: undefined });
      expect(states).toContain("reopening");
      expect(outbox.partition).toBe(0);
      await outbox.close();
      expect((await world.open()).pending).toBe(0);
    });

    test("an outbox that only delivers notices as well", async () => {
      const { world, mortal, outbox } = await opened(colour);
      world.other.otherwise = () => "retry";
      await outbox.push({ value: "waits" });
      await world.timers.pass(0);
      await drainedBehindDeath({ world, mortal, outbox });
      expect(world.other.values).toEqual([["waits"]]);
    });

    test("while it cannot be opened it says so, tries again more and more rarely, and at each hint", async () => {
      const { world, mortal, outbox, errors } = await opened(colour);
      world.other.otherwise = () => "hold";
      await outbox.push({ value: "kept" });
      await world.timers.pass(0);
      mortal.refusal = "the worker cannot be started";
      mortal.die();
      await expect(outbox.push({ value: "refused" })).rejects.toMatchObject({ code: "FLUSH_FAILED" });
      await settled();
      const refused = {
        code: "UNAVAILABLE",
        message: expect.stringContaining("cannot be started") as string,
      };
      await expect(outbox.push({ value: "refused" })).rejects.toMatchObject(refused);
      expect(outbox.status).toMatchObject({ state: "reopening", pending: 1 });
      const attempts = [];
      for (let minute = 0; minute < 10; minute++) {
        const before = errors.length;
        await world.timers.pass(60_000);
        attempts.push(errors.length - before);
      }
      expect(attempts[0]).toBeGreaterThan(attempts.at(-1)!);
      // With jitter that is always one half, 30 s are 15.
      expect(attempts.at(-1)).toBe(4);
      mortal.refusal = undefined;
      outbox.wake();
      await world.timers.pass(0);
      // What it was held for is not over.
      expect(outbox.status).toMatchObject({ state: "held", pending: 1 });
      expect(world.other.values).toEqual([["kept"]]);
      world.other.otherwise = () => "done";
      outbox.resume();
      await world.timers.pass(0);
      expect(world.other.values.at(-1)).toEqual(["kept"]);
      expect(outbox.status).toMatchObject({ state: "idle", reason: undefined });
    });

    test("what was delivered, and could not be noted down any more, is not delivered again", async () => {
      const { world, mortal, outbox, faults } = await opened(colour);
      const answer = promised<"done">();
      world.other.answers.push(answer.promise);
      await outbox.push({ value: "once" });
      await world.timers.pass(0);
      faults.hook = ({ op }) => {
        if (op === "write") throw new Error("EIO");
      };
      answer.keep("done");
      await settled();
      expect(outbox.pending).toBe(0);
      mortal.die();
      faults.hook = undefined;
      await world.timers.pass(10_000);
      expect(world.other.values).toEqual([["once"]]);
      world.losePower();
      expect((await world.open()).pending).toBe(0);
    });

    test("a push that was rejected is not in it, also if its bytes had reached the disk", async () => {
      const { world, mortal, outbox, faults } = await opened(colour);
      await outbox.push({ value: "first" });
      await world.timers.pass(10);
      faults.hook = ({ op }) => {
        if (op !== "flush" || mortal.deaths > 0) return;
        mortal.die();
        return { afterwards: new WalError("UNAVAILABLE", "the worker has died") };
      };
      await expect(outbox.push({ value: "rejected" })).rejects.toMatchObject({ code: "FLUSH_FAILED" });
      expect(mortal.deaths).toBe(1);
      await outbox.push({ value: "pushed again" });
      await world.timers.pass(10);
      expect(world.other.values.flat()).toEqual(["first", "pushed again"]);
    });

    test("dead letters stay, and one that is retried is retried once", async () => {
      const { world, mortal, outbox } = await opened(colour);
      world.other.otherwise = () => "dead";
      for (const value of ["x", "y", "z"]) await outbox.push({ value });
      await world.timers.pass(10);
      const letters: number[] = [];
      for await (const { offset } of outbox.dead.list()) letters.push(offset);
      world.other.otherwise = () => "done";
      world.other.sent.length = 0;
      mortal.die();
      await expect(outbox.dead.retry(letters[0]!)).rejects.toThrow();
      await world.timers.pass(10);
      expect(outbox.status.dead).toBe(3);
      await outbox.dead.retry(letters[0]!);
      await outbox.dead.drop(letters[1]!);
      await world.timers.pass(10);
      expect(outbox.status.dead).toBe(1);
      expect(world.other.values).toEqual([["x"]]);
    });

    test("closing it ends the attempts", async () => {
      const { world, mortal, outbox } = await opened(colour);
      await world.timers.pass(0);
      mortal.refusal = "the worker cannot be started";
      mortal.die();
      await expect(outbox.push({ value: "refused" })).rejects.toThrow();
      await settled();
      expect(world.timers.count).toBe(1);
      await outbox.close();
      expect(outbox.status.state).toBe("closed");
      await expect(outbox.drained()).rejects.toMatchObject({ code: "CLOSED" });
      expect(world.timers.count).toBe(0);
    });
  });
}

test("who waits for room is told", async () => {
  const { mortal, world, outbox } = await opened("async", { maxBytes: 5, whenFull: "block" });
  world.other.otherwise = () => "hold";
  await outbox.push({ value: "first" });
  const second = outbox.push({ value: "other" });
  const refused = expect(second).rejects.toMatchObject({ code: "UNAVAILABLE" });
  mortal.die();
  outbox.resume();
  await world.timers.pass(10);
  await refused;
  expect(outbox.pending).toBe(1);
});

test("what it had adopted is adopted again", async () => {
  const { world, mortal, outbox } = await opened("async", { partition: "free" });
  const other = await world.open({ partition: "free" });
  world.other.otherwise = () => "retry";
  await other.push({ value: "of the other" });
  await other.close();
  outbox.wake();
  await settled();
  expect(outbox.adopted.map(({ partition }) => partition)).toEqual([1]);
  await drainedBehindDeath({ world, mortal, outbox });
  expect(world.other.values).toEqual([["of the other"]]);
  expect(outbox.status).toMatchObject({ state: "idle", pending: 0, reason: undefined });
});

test("a log that another tab has adopted meanwhile is left to it, and another one is taken", async () => {
  const { world, mortal, outbox } = await opened("async", { partition: "free" });
  world.other.otherwise = () => "hold";
  const { id } = await outbox.push({ value: "taken over" });
  await world.timers.pass(0);
  mortal.die();
  await settled();
  const other = await world.open({ partition: "free", adopt: false });
  expect(other.partition).toBe(0);
  await expect(outbox.push({ value: "rejected" })).rejects.toMatchObject({ code: "FLUSH_FAILED" });
  const pushed = outbox.push({ value: "of its own" });
  await world.timers.pass(10_000);
  await pushed;
  expect([outbox.partition, outbox.pending, other.pending]).toEqual([1, 1, 1]);
  world.other.sent.length = 0;
  world.other.otherwise = () => "done";
  for (const each of [outbox, other]) each.resume();
  await world.timers.pass(10);
  expect(world.other.values.flat().toSorted()).toEqual(["of its own", "taken over"]);
  expect(world.other.sent.flatMap(({ ids }) => ids)).toContain(id);
});

test("a storage that has lost the log as well begins anew, and says what is gone", async () => {
  const { world, mortal, outbox, errors, faults } = await opened("async");
  world.other.otherwise = () => "hold";
  await outbox.push({ value: "evicted" });
  await world.timers.pass(0);
  faults.storage = memoryStorage({ colour: "async" });
  mortal.die();
  await expect(outbox.push({ value: "rejected" })).rejects.toMatchObject({ code: "FLUSH_FAILED" });
  await outbox.push({ value: "new" });
  expect(outbox.pending).toBe(1);
  expect(errors.map(String).join()).toContain("1 records that were pending in outbox orders are gone");
});

test("a storage that dies while it is opened for the first time fails the opening, at whatever operation", async () => {
  const world = new World("async");
  world.other.otherwise = () => "retry";
  const first = await world.open();
  await first.push({ value: "kept" });
  const { disk } = world;
  let refused = 0;
  for (let lives = 0, isOpen = false; !isOpen; lives++) {
    world.disk = disk.losePower();
    const mortal = new Mortal();
    let left = lives;
    mortal.isLast = () => left-- === 0;
    world.wrap = (storage) => mortal.storage(storage);
    const outbox = await world.open().catch((error: unknown) => {
      expect(isGone(error), String(error)).toBe(true);
      refused++;
    });
    await settled();
    isOpen = mortal.deaths === 0;
    // Nor does closing go well at its last operation.
    await outbox?.close().catch((error: unknown) => expect(isGone(error), String(error)).toBe(true));
  }
  expect(refused).toBeGreaterThan(10);
});
