/** The cases of tidwall/wal: its long walk through all verbs, and its outliers. */
import { describe, expect, test } from "vitest";
import { type Log } from "../../src/index.ts";
import { fill, overwrite, put, segmentsOf } from "../recovery/damage.ts";
import { valuesOf } from "../support/content.ts";
import { type LogSettings, memorySync, nodeAsync } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { ported } from "./ported.ts";

const ways: [string, LogSettings][] = [
  ["nil-opts", {}],
  ["no-sync", { durability: "relaxed", segment: { maxBytes: 512 } }],
  ["sync", { segment: { maxBytes: 512 } }],
];

describe.each([memorySync, nodeAsync])("tidwall/wal ($name)", (model) => {
  test.each(ways)("TestLog: %s", async (_, settings) => {
    const machine = model.build();
    let log = await machine.open(settings);
    await demand(log, 0, 0);
    for (let index = 0; index < 100; index++) {
      await fill(log, 1);
      await log.flush();
      expect(await valueAt(log, index)).toBe(`${index} `);
    }
    await demand(log, 0, 100);
    await log.close();
    await refusal(log.append({ value: "late" }), "CLOSED");
    await refusal(log.appendBatch([{ value: "late" }]), "CLOSED");
    await refusal(log.truncateBefore(1), "CLOSED");
    await refusal(log.truncateAfter(1), "CLOSED");
    await refusal(log.read().next(), "CLOSED");

    log = await machine.open(settings);
    await demand(log, 0, 100);
    await fill(log, 50);
    for (let batch = 0; batch < 10; batch++) {
      const { next } = log;
      await log.appendBatch(Array.from({ length: 10 }, (_each, index) => ({ value: `${next + index} ` })));
    }
    await demand(log, 0, 250);

    await expect(log.truncateBefore(251)).rejects.toThrow(RangeError);
    await demand(log, 0, 250);
    await log.truncateBefore(0);
    await demand(log, 0, 250);
    await log.truncateBefore(80);
    await demand(log, 80, 250);
    await fill(log, 1);
    await demand(log, 80, 251);

    await expect(log.truncateAfter(78)).rejects.toThrow(RangeError);
    await expect(log.truncateAfter(251)).rejects.toThrow(RangeError);
    await log.truncateAfter(250);
    await demand(log, 80, 251);
    await log.truncateAfter(170);
    await demand(log, 80, 171);
    await log.close();
    log = await machine.open(settings);
    await demand(log, 80, 171);

    await log.truncateBefore(170);
    await demand(log, 170, 171);
    await fill(log, 1);
    await demand(log, 170, 172);
    await log.truncateAfter(170);
    await demand(log, 170, 171);
    await fill(log, 1);
    await log.flush();
    await demand(log, 170, 172);
  });

  test("TestOutliers, load-with-junk-files: what is none of the log's is left alone", async () => {
    const machine = model.build();
    for (const name of ["other2", "A".repeat(20), "00000000000000000001", "1.wal"])
      await put(machine, name, new Uint8Array([7]));
    const log = await machine.open();
    await fill(log, 3);
    await demand(log, 0, 3);
    await log.close();
    expect([...(await machine.files()).keys()]).toEqual(expect.arrayContaining(["other2", "A".repeat(20)]));
  });

  test("TestIssue1: any bytes come back as they were", async () => {
    const log = await model.build().open();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await log.append({ value: bytes });
    for await (const { value } of log.read()) expect(value).toEqual(bytes);
  });

  test("TestSimpleTruncateFront: one by one, to nothing, with every restart in between", async () => {
    const machine = model.build();
    let log = await machine.open({ segment: { maxBytes: 512 } });
    await fill(log, 30);
    for (let first = 1; first <= 30; first++) {
      await log.truncateBefore(first);
      await demand(log, first, 30);
      await log.close();
      log = await machine.open({ segment: { maxBytes: 512 } });
      await demand(log, first, 30);
    }
  });

  test("TestSimpleTruncateBack: one by one, to nothing, with every restart in between", async () => {
    const machine = model.build();
    let log = await machine.open({ segment: { maxBytes: 512 } });
    await fill(log, 30);
    for (let next = 29; next >= 0; next--) {
      await log.truncateAfter(next - 1);
      await demand(log, 0, next);
      await log.close();
      log = await machine.open({ segment: { maxBytes: 512 } });
      await demand(log, 0, next);
    }
  });

  test("TestConcurrency: many readers beside a writer", async () => {
    const log = await model.build().open({ segment: { maxBytes: 2048 } });
    await fill(log, 50);
    const readers = Array.from({ length: 10 }, async (_, reader) => {
      for (let round = 0; round < 5; round++) {
        const from = (reader * 7 + round * 3) % 50;
        expect(await valueAt(log, from)).toBe(`${from} `);
      }
    });
    await Promise.all([fill(log, 50), ...readers]);
    await demand(log, 0, 100);
  });
});

ported("tidwall/wal, corrupted tail", [
  {
    name: "a file of a line end",
    there: "corrupt",
    fill: async (machine) => put(machine, "00000000000000000000.wal", new Uint8Array([10])),
    here: "CORRUPT when opened",
  },
  {
    name: "a record without its fields",
    there: "corrupt",
    values: [10, 10],
    damage: ([, batch]) => overwrite(batch!.position + 64, new Uint8Array(16)),
    here: "torn, 1 records",
  },
  {
    name: "a record with a number that is none",
    there: "corrupt",
    values: [10, 10, 10],
    damage: ([, batch]) => overwrite(batch!.position + 16, new Uint8Array(8).fill(255)),
    here: "CORRUPT when opened",
  },
  {
    name: "a record of another kind of data",
    there: "corrupt",
    values: [10, 10],
    damage: ([, batch]) => overwrite(batch!.position + 64, new Uint8Array([63])),
    here: "torn, 1 records",
  },
  {
    name: "start-marker-file: a copy of a segment under a strange name",
    there: "the log begins there",
    settings: { segment: { maxBytes: 1024 } },
    values: Array.from({ length: 20 }, () => 10),
    befalls: async (machine) => {
      const [, second] = await segmentsOf(machine);
      await put(machine, `${second}.START`, (await machine.files()).get(second!)!);
    },
    here: "sound, 20 records",
  },
]);

async function demand(log: Log, first: number, next: number): Promise<void> {
  await log.flush();
  expect(log).toMatchObject({ first, next, durable: next });
  expect(await valuesOf(log)).toEqual(
    Array.from({ length: next - first }, (_, index) => `${first + index} `),
  );
}

async function valueAt(log: Log, offset: number): Promise<string> {
  for await (const { value } of log.read({ from: offset, to: offset + 1 }))
    return new TextDecoder().decode(value);
  throw new Error(`there is nothing at offset ${offset}`);
}
