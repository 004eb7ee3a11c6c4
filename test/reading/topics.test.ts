/** All logs of a storage and of a topic: which there are, taking one that is free, and reading them as one. */
import { describe, expect, test } from "vitest";
import {
  listLogs,
  type Log,
  openLog,
  readTopic,
  type ReadTopicOptions,
  type Storage,
} from "../../src/index.ts";
import { models } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";

const topic = "orders";

async function read(options: ReadTopicOptions): Promise<string[]> {
  const lines: string[] = [];
  for await (const { partition, record } of readTopic(options))
    lines.push(`${partition} ${new TextDecoder().decode(record.value)}`);
  return lines;
}

async function filled(storage: Storage, partition: number, records: [number, string][]): Promise<Log> {
  const log = await openLog({ storage, topic, partition });
  for (const [timestamp, value] of records) await log.append({ timestamp, value });
  return log;
}

describe.each(models)("the logs of a storage ($name)", (model) => {
  test("are listed by topic and number, whoever has them open", async () => {
    const { storage } = model.build();
    expect(await listLogs({ storage })).toEqual([]);
    expect(await listLogs({ storage, topic })).toEqual([]);
    for (const [name, partition] of [
      ["b/ü", 10],
      ["b/ü", 9],
      ["a", 0],
      ["A", 4294967295],
    ] as const) {
      await openLog({ storage, topic: name, partition });
    }
    expect(await listLogs({ storage })).toEqual([
      { topic: "A", partition: 4294967295 },
      { topic: "a", partition: 0 },
      { topic: "b/ü", partition: 9 },
      { topic: "b/ü", partition: 10 },
    ]);
    expect(await listLogs({ storage, topic: "b/ü" })).toHaveLength(2);
    expect(await listLogs({ storage, topic: "b" })).toEqual([]);
  });

  test("do not include what is none", async () => {
    const { storage } = model.build();
    for (const path of [
      ["%zz", "0"],
      ["Orders", "0"],
      ["orders", "x"],
      ["orders", "01"],
      ["orders", "4294967296"],
    ]) {
      const place = (await storage.open(path, { mode: "write" }))!;
      await place.close();
    }
    expect(await listLogs({ storage })).toEqual([]);
    expect(await read({ storage, topic })).toEqual([]);
  });

  test("are taken where they are free, the first one first", async () => {
    const { storage } = model.build();
    const open = () => openLog({ storage, topic, partition: "free" });
    const logs = [await open(), await open(), await open()];
    expect(logs.map((log) => log.partition)).toEqual([0, 1, 2]);
    expect(logs.map((log) => log.topic)).toEqual([topic, topic, topic]);
    await logs[1]!.append({ value: "kept" });
    await logs[1]!.close();
    const again = await open();
    expect([again.partition, again.next]).toEqual([1, 1]);
    await refusal(openLog({ storage, topic, partition: 1 }), "LOCKED");
  });

  test("are each taken once by many at the same moment", async () => {
    const { storage } = model.build();
    const logs = await Promise.all(
      Array.from({ length: 5 }, () => openLog({ storage, topic, partition: "free" })),
    );
    expect(new Set(logs.map((log) => log.partition)).size).toBe(5);
  });

  test("are read as one by their timestamps, each in its own order", async () => {
    const { storage } = model.build();
    await filled(storage, 0, [
      [10, "a"],
      [40, "d"],
      [5, "e"],
    ]);
    await filled(storage, 1, [
      [20, "b"],
      [40, "f"],
    ]);
    await filled(storage, 2, []);
    const last = await filled(storage, 7, [
      [1, "gone"],
      [30, "c"],
    ]);
    await last.rotate();
    await last.truncateBefore(1);
    expect(await read({ storage, topic })).toEqual(["0 a", "1 b", "7 c", "0 d", "0 e", "1 f"]);
    const from = new Map([
      [0, 1],
      [1, 2],
    ]);
    expect(await read({ storage, topic, from })).toEqual(["7 c", "0 d", "0 e"]);
    const gone = read({ storage, topic, from: new Map([[7, 0]]) });
    await refusal(gone, "TRUNCATED");
  });

  test("are let go of when the reading ends early", async () => {
    const machine = model.build();
    await filled(machine.storage, 0, [
      [1, "a"],
      [2, "b"],
    ]);
    for await (const _ of readTopic({ storage: machine.storage, topic })) break;
    const abort = new AbortController();
    abort.abort(new Error("enough"));
    await expect(read({ storage: machine.storage, topic, signal: abort.signal })).rejects.toThrow("enough");
  });
});
