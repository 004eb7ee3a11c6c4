/** Several writers of one topic: each takes a partition of its own, all are listed, and one reader drains them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { listLogs, openFreePartition, openLog, readTopic, type Storage } from "../../src/index.ts";

const storages: [string, () => Storage][] = [
  ["memory", () => memoryStorage()],
  ["memory, with promises", () => memoryStorage({ colour: "async" })],
  ["node", () => nodeStorage(temporaryFolder())],
];

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function drained(storage: Storage, from: Record<number, number> = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const { partition, record } of readTopic({ storage, topic: "Outbox", from })) {
    found.push(`${partition}/${record.offset} ${new TextDecoder().decode(record.value)}`);
  }
  return found;
}

test.each(storages)("each writer takes the first partition that is free (%s)", async (_, make) => {
  const storage = make();
  const open = () => openFreePartition({ storage, topic: "Outbox" });
  const [first, second, third] = [await open(), await open(), await open()];
  expect([first, second, third].map(({ partition }) => partition)).toEqual([0, 1, 2]);
  await second.log.close();
  const again = await open();
  expect(again.partition).toBe(1);
  for (const { log } of [first, third, again]) await log.close();
});

test.each(storages)("all logs are listed, also those that nobody has open (%s)", async (_, make) => {
  const storage = make();
  expect(await listLogs(storage)).toEqual([]);
  for (const [topic, partition] of [
    ["Outbox", 10],
    ["Outbox", 2],
    ["Ünicode/../x", 0],
  ] as const) {
    await (await openLog({ storage, topic, partition })).close();
  }
  expect(await listLogs(storage)).toEqual([
    { topic: "Outbox", partition: 2 },
    { topic: "Outbox", partition: 10 },
    { topic: "Ünicode/../x", partition: 0 },
  ]);
  expect(await listLogs(storage, "Outbox")).toHaveLength(2);
});

test("a storage that cannot list its places says so", async () => {
  const { places: _, ...storage } = memoryStorage();
  await expect(listLogs(storage)).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test.each(storages)("a topic is read in the order of its timestamps (%s)", async (_, make) => {
  const storage = make();
  const logs = [];
  for (let index = 0; index < 3; index++)
    logs.push((await openFreePartition({ storage, topic: "Outbox" })).log);
  await logs[0]!.append({ value: "a", timestamp: 10 });
  await logs[2]!.append({ value: "b", timestamp: 5 });
  await logs[2]!.append({ value: "c", timestamp: 10 });
  await logs[0]!.append({ value: "d", timestamp: 20 });
  // Timestamps that jump back do not change the order within a partition.
  await logs[0]!.append({ value: "e", timestamp: 1 });
  expect(await drained(storage)).toEqual(["2/0 b", "0/0 a", "2/1 c", "0/1 d", "0/2 e"]);
  expect(await drained(storage, { 0: 2, 2: 2 })).toEqual(["0/2 e"]);
  for (const log of logs) await log.close();
});
