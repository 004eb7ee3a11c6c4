/** Several tabs or processes with one outbox: each pushes into a log of its own, and orphans are adopted. */
import { expect, test } from "vitest";
import { adoptOrphans } from "../../src/outbox/index.ts";
import { World } from "./world.ts";

test("each tab pushes durably beside the others, and each record is delivered by one of them", async () => {
  const world = new World();
  const tabs = [];
  for (let tab = 0; tab < 3; tab++) tabs.push(await world.open({ partition: "free" }));
  expect(tabs.map(({ partition }) => partition)).toEqual([0, 1, 2]);
  expect(new Set(tabs.map(({ id }) => id)).size).toBe(3);
  await Promise.all(tabs.map((tab, index) => tab.push({ value: `of tab ${index}` })));
  await world.timers.pass(0);
  expect(world.other.values.flat().toSorted()).toEqual(["of tab 0", "of tab 1", "of tab 2"]);
});

test("what a closed tab left is adopted, delivered once, under the ids that it had, and nothing else is", async () => {
  const world = new World();
  world.other.otherwise = () => "retry";
  const [first, second] = [await world.open({ partition: "free" }), await world.open({ partition: "free" })];
  const { id } = await second!.push({ value: "orphaned" });
  await first!.push({ value: "of the first" });
  await second!.close();
  await world.timers.pass(0);
  world.other.sent.length = 0;
  world.other.otherwise = () => "done";
  const { clockwork } = world.timers;
  const { storage } = world;
  const options = {
    storage,
    name: "orders",
    deliver: world.other.deliver,
    clockwork,
    hints: () => () => undefined,
  };
  const orphans = await adoptOrphans(options);
  expect(orphans.map(({ partition, pending }) => [partition, pending])).toEqual([[1, 1]]);
  await world.timers.pass(600_000);
  expect(world.other.sent.filter(({ values }) => values.includes("orphaned")).map(({ ids }) => ids)).toEqual([
    [id],
  ]);
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
