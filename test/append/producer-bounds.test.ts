/** What is remembered of producers stays within its bounds, however long a log is written to. */
import { expect, test } from "vitest";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { Chain } from "../../src/engine/chain.ts";
import { Files } from "../../src/engine/files.ts";
import { ProducerTable } from "../../src/engine/producers.ts";
import { openLog } from "../../src/index.ts";

test("a producer that has become durable counts against the limit while others are on their way", () => {
  const table = new ProducerTable(1);
  const [p, q] = ["p", "q"].map((id) => ({ id, epoch: 0, sequence: 0 }));
  table.stage(p!, 0, 1);
  table.stage(q!, 1, 1);
  table.apply(p!, 0, 1);
  expect(table.admit(p!, 1)).toEqual([0]);
  table.apply(q!, 1, 1);
  expect(table.admit(q!, 1)).toEqual([1]);
  expect(table.admit(p!, 1)).toEqual([]);
});

test("the segments of a log keep no producers in memory", async () => {
  const storage = memoryStorage();
  const log = await openLog({ storage, topic: "orders" });
  await log.append({ value: "a" }, { producer: { id: "p", epoch: 0, sequence: 0 } });
  await log.rotate();
  await log.append({ value: "b" });
  await log.close();
  const place = (await storage.open(["orders", "0"], { mode: "read" }))!;
  const names = (await place.list()).toSorted();
  const identity = { topic: "orders", partition: 0, label: "orders/0" };
  const files = new Files(place, identity.label);
  const entries = names.map((name) => ({ name, base: Number.parseInt(name, 10), segment: undefined }));
  const { start } = await new Chain(files, identity, entries).load(1);
  expect(start.ordinal).toBe(2);
  expect(start.state.producers).toEqual([]);
});
