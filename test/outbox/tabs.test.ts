/** Several tabs or processes with one outbox: each pushes into a log of its own, and orphans are adopted. */
import { expect, test } from "vitest";
import type { Outbox, OutboxOptions } from "../../src/outbox/index.ts";
import { adoptOrphans, drainOrphans } from "../../src/outbox/index.ts";
import { type Sent, settled, text, World } from "./world.ts";

const free = { partition: "free" } as const;

const optionsOf = (world: World): OutboxOptions => ({
  storage: world.storage,
  name: "orders",
  deliver: world.other.deliver,
  clockwork: world.timers.clockwork,
  hints: () => () => undefined,
});

/** The deliveries in which `value` was. */
const journeys = (sent: readonly Sent[], value: string) =>
  sent.filter(({ values }) => values.includes(value));

test("each tab pushes durably beside the others, and each record is delivered by one of them", async () => {
  const world = new World();
  const tabs = [];
  for (let tab = 0; tab < 3; tab++) tabs.push(await world.open(free));
  expect(tabs.map(({ partition }) => partition)).toEqual([0, 1, 2]);
  expect(new Set(tabs.map(({ id }) => id)).size).toBe(3);
  await Promise.all(tabs.map((tab, index) => tab.push({ value: `of tab ${index}` })));
  await world.timers.pass(0);
  expect(world.other.values.flat().toSorted()).toEqual(["of tab 0", "of tab 1", "of tab 2"]);
});

test("what a closed tab left is taken over without being asked, now and then, by one of those that are left", async () => {
  const world = new World();
  world.other.otherwise = () => "retry";
  const tabs: Outbox[] = [];
  for (let tab = 0; tab < 3; tab++) tabs.push(await world.open(free));
  const [first, second, third] = tabs as [Outbox, Outbox, Outbox];
  const { id } = await third.push({ value: "orphaned" });
  await world.timers.pass(0);
  await third.close();
  world.other.sent.length = 0;
  world.other.otherwise = () => "done";
  await world.timers.pass(40_000);
  expect(journeys(world.other.sent, "orphaned").map(({ ids }) => ids)).toEqual([[id]]);
  // It was closed when it was empty, so that the next tab gets it.
  expect([first.adopted, second.adopted]).toEqual([[], []]);
  expect((await world.open(free)).partition).toBe(2);
});

test("a tab that is opened takes over what all tabs left that went before", async () => {
  const world = new World();
  world.other.otherwise = () => "hold";
  const tabs: Outbox[] = [];
  for (let tab = 0; tab < 3; tab++) tabs.push(await world.open(free));
  for (const tab of tabs)
    for (const key of ["a", "b"]) await tab.push({ key, value: `${key}${tab.partition}` });
  await world.timers.pass(10);
  world.losePower();
  world.other.otherwise = () => "done";
  world.other.sent.length = 0;
  const last = await world.open(free);
  const drained = last.drained();
  await world.timers.pass(10);
  await drained;
  expect(last.status).toMatchObject({ state: "idle", pending: 0 });
  expect(world.other.values.flat().toSorted()).toEqual(["a0", "a1", "a2", "b0", "b1", "b2"]);
});

test("what was adopted counts, is held and resumed, and is told of, with the outbox that adopted it", async () => {
  const world = new World();
  world.other.otherwise = () => "hold";
  const [first, second] = [await world.open(free), await world.open(free)];
  await second.push({ value: "one" });
  await second.push({ value: "two" });
  await second.close();
  const delivered: number[] = [];
  first.events.addEventListener("delivered", ({ detail }) => delivered.push(detail.count));
  first.wake();
  await world.timers.pass(10);
  expect(first.status).toMatchObject({ state: "held", pending: 2, pendingBytes: 6 });
  expect(first.adopted.map(({ partition }) => partition)).toEqual([1]);
  world.other.otherwise = () => "done";
  first.resume();
  await world.timers.pass(10);
  expect(first.status).toMatchObject({ state: "idle", pending: 0, reason: undefined });
  expect(delivered.reduce((sum, count) => sum + count, 0)).toBe(2);
});

test("dead letters of a tab that is gone are adopted as well, and can be retried", async () => {
  const world = new World();
  world.other.otherwise = () => "dead";
  const [first, second] = [await world.open(free), await world.open(free)];
  await second.push({ value: "bad" });
  await world.timers.pass(10);
  await second.close();
  await world.timers.pass(40_000);
  expect(first.status).toMatchObject({ pending: 0, dead: 1 });
  world.other.otherwise = () => "done";
  for (const outbox of first.adopted) {
    for await (const letter of outbox.dead.list()) {
      expect(text(letter.value)).toBe("bad");
      await outbox.dead.retry(letter.offset);
    }
  }
  await world.timers.pass(10);
  expect(first.status).toMatchObject({ pending: 0, dead: 0 });
  expect(first.adopted).toEqual([]);
});

test("who closes gives free what they adopted, and the next one takes it over", async () => {
  const world = new World();
  world.other.otherwise = () => "retry";
  const tabs: Outbox[] = [];
  for (let tab = 0; tab < 3; tab++) tabs.push(await world.open(free));
  const [first, second, third] = tabs as [Outbox, Outbox, Outbox];
  await third.push({ value: "passed on" });
  await third.close();
  first.wake();
  await settled();
  expect([first.pending, second.pending]).toEqual([1, 0]);
  await first.close();
  second.wake();
  await settled();
  expect(second.pending).toBe(1);
  world.other.otherwise = () => "done";
  world.other.sent.length = 0;
  await world.timers.pass(10_000);
  expect(world.other.values).toEqual([["passed on"]]);
});

test("nothing is adopted by an outbox that was told not to", async () => {
  const world = new World();
  world.other.otherwise = () => "retry";
  const [first, second] = [await world.open({ ...free, adopt: false }), await world.open(free)];
  await second.push({ value: "stays" });
  await second.close();
  first.wake();
  await world.timers.pass(100_000);
  expect(first.pending).toBe(0);
  expect(world.timers.count).toBe(0);
});

test("a log that cannot be opened is told of, and the others are adopted all the same", async () => {
  const world = new World();
  world.other.otherwise = () => "retry";
  const tabs: Outbox[] = [];
  for (let tab = 0; tab < 3; tab++) tabs.push(await world.open(free));
  await tabs[1]!.push({ value: "damaged" });
  await tabs[2]!.push({ value: "sound" });
  for (const tab of tabs) await tab.close();
  world.wrap = (storage) => ({
    ...storage,
    open: (path, how) => {
      if (path.join("/") === "orders.queue/1") throw new Error("EIO");
      return storage.open(path, how);
    },
  });
  world.other.otherwise = () => "done";
  const errors: unknown[] = [];
  await expect(adoptOrphans(optionsOf(world))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(drainOrphansIn(world)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(world.other.values.at(-1)).toEqual(["sound"]);
  const tab = await world.open(free);
  tab.events.addEventListener("error", ({ detail }) => errors.push(detail.error));
  tab.wake();
  await settled();
  expect(errors[0]).toMatchObject({ code: "UNAVAILABLE" });
});

test("what a closed tab left can be asked for, is delivered once, under the ids that it had, and nothing else is", async () => {
  const world = new World();
  world.other.otherwise = () => "retry";
  const still = { ...free, adopt: false };
  const [first, second] = [await world.open(still), await world.open(still)];
  const { id } = await second.push({ value: "orphaned" });
  await first.push({ value: "of the first" });
  await second.close();
  await world.timers.pass(0);
  world.other.sent.length = 0;
  world.other.otherwise = () => "done";
  const options = optionsOf(world);
  const orphans = await adoptOrphans(options);
  expect(orphans.map(({ partition, pending }) => [partition, pending])).toEqual([[1, 1]]);
  await world.timers.pass(600_000);
  expect(journeys(world.other.sent, "orphaned").map(({ ids }) => ids)).toEqual([[id]]);
  await Promise.all(orphans.map((orphan) => orphan.close()));
  expect(await adoptOrphans(options)).toEqual([]);
  // Looking leaves nothing behind that the next one would have to read.
  const size = () =>
    [...world.disk.folder("orders.queue/1").names.values()].reduce((sum, file) => sum + file.size, 0);
  const before = size();
  for (let look = 0; look < 5; look++) await adoptOrphans(options);
  expect(size()).toBeLessThanOrEqual(before);
  expect(world.other.values.flat().filter((value) => value === "of the first")).toHaveLength(1);
});

/** A service worker has no other timers than those of the browser either. */
async function drainOrphansIn(world: World): Promise<number> {
  const draining = drainOrphans(optionsOf(world));
  draining.catch(() => undefined);
  await world.timers.pass(100);
  return (await draining).openElsewhere;
}

test("draining leaves what is open to its tab, and ends at the first failure with everything kept", async () => {
  const world = new World();
  world.other.otherwise = () => "retry";
  const [open, gone] = [await world.open(free), await world.open(free)];
  await open.push({ value: "of the open tab" });
  await gone.push({ value: "left" });
  await world.timers.pass(0);
  await gone.close();
  world.other.sent.length = 0;
  await expect(drainOrphansIn(world)).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: expect.stringContaining("1 records are pending: no reason was given") as string,
  });
  world.other.otherwise = () => "done";
  world.other.sent.length = 0;
  expect(await drainOrphansIn(world)).toBe(1);
  expect(journeys(world.other.sent, "left")).toHaveLength(1);
  await open.close();
  expect(await drainOrphansIn(world)).toBe(0);
  expect(journeys(world.other.sent, "left")).toHaveLength(1);
  expect(await adoptOrphans(optionsOf(world))).toEqual([]);
});
