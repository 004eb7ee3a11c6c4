/** Deliver, then settle: what was pushed is delivered, what was delivered is not delivered again. */
import { describe, expect, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openOutbox } from "../../src/outbox/index.ts";
import { OtherSide, promised, settled, text, World } from "./world.ts";
import type { Answer } from "../../src/outbox/index.ts";
import { everyMethod, faultyStorage, type Hook } from "../support/faulty-storage.ts";

describe.each(["sync", "async"] as const)("on memory, %s", (colour) => {
  test("what is pushed is delivered as it is, once", async () => {
    const world = new World(colour);
    const outbox = await world.open();
    const bytes = new Uint8Array([0, 255, 10]);
    const pushed = await outbox.push({ key: "k", value: bytes, headers: { trace: "abc" }, timestamp: 42 });
    expect(pushed.durability).toBe("memory");
    await world.timers.pass(0);
    expect(world.other.sent).toHaveLength(1);
    const [record] = world.other.sent[0]!.delivery.records;
    expect(record).toMatchObject({ id: pushed.id, value: bytes, timestamp: 42 });
    expect(text(record!.key!)).toBe("k");
    expect(Object.entries(record!.headers).map(([name, each]) => [name, text(each)])).toEqual([
      ["trace", "abc"],
    ]);
    expect(outbox.status).toMatchObject({ state: "idle", pending: 0, pendingBytes: 0 });
    await outbox.close();
    world.losePower();
    const again = await world.open();
    await world.timers.pass(10_000);
    expect(world.other.sent).toHaveLength(1);
    expect(again.pending).toBe(0);
  });

  test("what was not delivered before the power failed is delivered by the next one, with the same id", async () => {
    const world = new World(colour);
    world.other.otherwise = () => new Promise(() => undefined);
    const outbox = await world.open();
    const { id } = await outbox.push({ value: "one" });
    await world.timers.pass(0);
    expect(world.other.sent[0]!.ids).toEqual([id]);
    world.losePower();
    world.other.otherwise = () => "done";
    const again = await world.open();
    expect(again.pending).toBe(1);
    await world.timers.pass(0);
    expect(world.other.sent.map(({ ids }) => ids)).toEqual([[id], [id]]);
    const [first, second] = world.other.sent;
    expect(second!.delivery.outbox).toBe(first!.delivery.outbox);
    expect(second!.delivery.incarnation).toBe(first!.delivery.incarnation + 1);
  });

  test("a delivery that was answered, but not settled when the power failed, is repeated", async () => {
    const world = new World(colour);
    const answer = promised<Answer>();
    world.other.answers.push(answer.promise);
    const outbox = await world.open();
    await outbox.push({ value: "one" });
    await world.timers.pass(0);
    const before = world.disk.losePower();
    answer.keep("done");
    await settled();
    expect(outbox.pending).toBe(0);
    world.disk = before;
    await world.open();
    await world.timers.pass(0);
    expect(world.other.values).toEqual([["one"], ["one"]]);
  });

  test("drained() waits until what was delivered is settled for good", async () => {
    const world = new World(colour);
    const outbox = await world.open();
    for (let index = 0; index < 250; index++) void outbox.push({ value: String(index) });
    await outbox.push({ value: "last" });
    const drained = outbox.drained();
    await world.timers.pass(0);
    await drained;
    world.losePower();
    expect((await world.open()).pending).toBe(0);
  });

  test("numbers go on above those of before, and above all if the storage lost its end", async () => {
    const world = new World(colour);
    const outbox = await world.open({ order: "strict" });
    await outbox.push({ value: "a" });
    const old = world.disk.losePower();
    await outbox.push({ value: "b" });
    await world.timers.pass(0);
    const delivered = world.other.sent.flatMap(({ delivery }) => delivery.records);
    await outbox.close();
    world.disk = old;
    await world.timers.pass(1000);
    const again = await world.open({ order: "strict" });
    await again.push({ value: "c" });
    await world.timers.pass(0);
    const last = world.other.sent.at(-1)!.delivery.records.at(-1)!;
    expect(text(last.value)).toBe("c");
    for (const { sequence } of delivered) expect(last.sequence).toBeGreaterThan(sequence);
  });

  test("delivered segments are dropped, and the identity survives that", async () => {
    const world = new World(colour);
    const outbox = await world.open({ segmentBytes: 4096 });
    for (let index = 0; index < 200; index++) {
      await outbox.push({ key: String(index % 3), value: "x".repeat(200) });
      await world.timers.pass(0);
    }
    const names = [...world.disk.folder("orders.queue/0").names.keys()];
    expect(names.length).toBeLessThan(5);
    expect(names).not.toContain("00000000000000000000.wal");
    await outbox.close();
    expect((await world.open()).id).toBe(outbox.id);
  });

  test("the identity survives where every cursor truncates all that is before it", async () => {
    const world = new World(colour);
    const outbox = await world.open({ segmentBytes: 1 });
    for (const value of ["a", "b", "c"]) {
      await outbox.push({ value });
      await world.timers.pass(0);
      await outbox.drained();
    }
    world.losePower();
    const again = await world.open({ segmentBytes: 1 });
    expect(again.id).toBe(outbox.id);
    expect(again.pending).toBe(0);
  });

  test("a second opener is locked out until the first one closes", async () => {
    const world = new World(colour);
    const outbox = await world.open();
    await expect(world.open()).rejects.toMatchObject({ code: "LOCKED" });
    await outbox.close();
    await world.open();
  });

  test("a closed outbox refuses, leaves no timer behind, and keeps what is pending", async () => {
    const world = new World(colour);
    world.other.otherwise = () => "retry";
    const outbox = await world.open();
    await outbox.push({ value: "one" });
    await world.timers.pass(100);
    await outbox.close();
    await expect(outbox.push({ value: "two" })).rejects.toMatchObject({ code: "CLOSED" });
    expect(outbox.status.state).toBe("closed");
    expect(world.timers.count).toBe(0);
    expect((await world.open()).pending).toBe(1);
  });
});

test("what is settled shares the flush of a push", async () => {
  const world = new World("async");
  let flushes = 0;
  let hold: Promise<void> | undefined;
  const hook: Hook = async ({ op }) => {
    if (op !== "flush") return;
    flushes++;
    await hold;
  };
  world.wrap = (storage) => faultyStorage(storage, { promised: everyMethod, hook: () => hook });
  const outbox = await world.open();
  const [first, rest] = [promised<"done">(), promised<"done">()];
  world.other.answers.push(first.promise);
  world.other.otherwise = () => rest.promise;
  await outbox.push({ value: "one" });
  await world.timers.pass(0);
  const held = promised<void>();
  hold = held.promise;
  flushes = 0;
  const pushes = [outbox.push({ value: "two" })];
  await settled();
  // While the flush of "two" takes its time, "one" is taken, and "three" is pushed.
  first.keep("done");
  await settled();
  pushes.push(outbox.push({ value: "three" }));
  held.keep();
  await Promise.all(pushes);
  await settled();
  expect(flushes).toBe(2);
  world.losePower();
  expect((await world.open()).pending).toBe(2);
});

test("on real files, with the timers of the runtime", async () => {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-outbox-"));
  try {
    const other = new OtherSide();
    other.answers.push(new Error("away"), "retry");
    const options = { name: "orders", deliver: other.deliver, backoff: { baseMs: 1 } };
    const first = await openOutbox({ storage: nodeStorage(folder), ...options });
    const pushes = Array.from({ length: 300 }, (_, index) =>
      first.push({ key: `k${index % 7}`, value: String(index) }),
    );
    for (const { durability } of await Promise.all(pushes)) expect(durability).toBe("disk");
    await first.close();
    const second = await openOutbox({ storage: nodeStorage(folder), ...options });
    await second.drained();
    await second.close();
    const delivered = other.sent.flatMap(({ values }) => values).map(Number);
    expect(new Set(delivered).size).toBe(300);
    const third = await openOutbox({ storage: nodeStorage(folder), ...options });
    expect(third.pending).toBe(0);
    await third.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
