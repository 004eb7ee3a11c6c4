/** What the searches have found, each as the shortest story that shows it. */
import { expect, test } from "vitest";
import { openLog, WalError } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { plain, World } from "./world.ts";

test("a close that survives without what was written before it vouches for nothing that is not there", async () => {
  const first = new World(plain);
  await (await openLog({ storage: first.storage, topic: "orders" })).append({ value: "a" });

  // Recovery rewrites the record, and leaves a witness behind it.
  const second = new World(plain, first.disk.loseProcesses());
  const log = await openLog({ storage: second.storage, topic: "orders" });
  let closeBegins = Infinity;
  let left = second.disk;
  second.hook = ({ op }) => {
    if (op === "write") closeBegins = second.disk.now;
    if (op === "flush") left = second.disk.losePower((sequence) => sequence >= closeBegins);
  };
  await log.close();

  const third = new World(plain, left);
  await (await openLog({ storage: third.storage, topic: "orders" })).append({ value: "b" });
  const fourth = new World(
    plain,
    third.disk.losePower(() => false),
  );
  expect(await valuesOf(await openLog({ storage: fourth.storage, topic: "orders" }))).toEqual(["a", "b"]);
});

test("no removal behind a truncation survives without the ones before it, whatever fails in between", async () => {
  const world = new World(plain);
  const log = await openLog({ storage: world.storage, topic: "orders" });
  for (const value of ["a", "b", "c", "d"]) {
    await log.append({ value });
    await log.rotate();
  }
  const removals: number[] = [];
  let flushes = 0;
  world.hook = ({ op }) => {
    if (op === "remove") removals.push(world.disk.now);
    if (op === "flush" && ++flushes > 1) throw new WalError("FULL", "the disk has no room for this");
  };
  await log.truncateAfter(0);
  // Each of them looks for something that can be removed to make room.
  for (let tries = 0; tries < 3; tries++) await log.append({ value: "e" }).catch(() => undefined);

  expect(removals.length).toBeGreaterThan(1);
  for (const removal of removals) {
    const left = world.disk.losePower((sequence) => sequence === removal);
    const { storage } = new World(plain, left);
    expect(await valuesOf(await openLog({ storage, topic: "orders" }))).toEqual(["a"]);
  }
});
