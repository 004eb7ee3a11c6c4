/** What the searches have found, each as the shortest story that shows it. */
import { expect, test } from "vitest";
import { openLog } from "../../src/index.ts";
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
