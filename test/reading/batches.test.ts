/**
 * A batch as its reader holds it: the records it iterates, the values it points at, and what is left of it
 * when it is trimmed. It must say the same in each of these ways, and go on saying it after the log has gone
 * on.
 */
import { describe, expect, test } from "vitest";
import type { Log, LogRecord, RecordBatch, RecordInput } from "../../src/index.ts";
import { expectedLine, lineOf } from "../support/content.ts";
import { models } from "../support/machine.ts";
import { recordBatchesOf, segmentsOf } from "../recovery/damage.ts";

const samples: RecordInput[] = [
  { value: "plain" },
  {},
  { value: "", key: "" },
  { value: new Uint8Array([0, 255, 128]), key: new Uint8Array(0), kind: 127 },
  {
    value: "ünïcødé 🎈",
    key: "schlüssel",
    headers: { größe: "1", leer: "", __proto__x: "y", "": "unnamed" },
  },
  { value: "x".repeat(70_000), headers: { large: "h".repeat(300) }, timestamp: 0 },
  { value: "early", timestamp: 5, kind: 3 },
  { value: "late", timestamp: 2 ** 52 },
  { value: "now" },
];

async function batchesOf(log: Log, from = 0): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  for await (const batch of log.readBatches({ from })) batches.push(batch);
  return batches;
}

function valuesByPlace(batch: RecordBatch): [number, string][] {
  const values: [number, string][] = [];
  batch.eachValue((bytes, start, end, offset) => {
    values.push([offset, Buffer.from(bytes.subarray(start, end)).toString("latin1")]);
  });
  return values;
}

const valueOf = ({ offset, value }: LogRecord): [number, string] => [
  offset,
  Buffer.from(value).toString("latin1"),
];

describe.each(models)("a batch ($name)", (model) => {
  test("holds every field of every record as it was appended", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(samples);
    for (const sample of samples) await log.append(sample);
    const expected = [...samples, ...samples].map((each, offset) =>
      expectedLine(each, offset, each.timestamp ?? machine.now),
    );
    const batches = await batchesOf(log);
    expect(batches.flatMap((batch) => [...batch].map(lineOf))).toEqual(expected);
    const read: string[] = [];
    for await (const record of log.read()) read.push(lineOf(record));
    expect(read).toEqual(expected);
  });

  test("hands out plain bytes, headers without a prototype, and no key where there was none", async () => {
    const log = await model.build().open();
    await log.appendBatch(samples);
    const [batch] = await batchesOf(log);
    for (const { key, value, headers, durable } of batch!) {
      expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype);
      expect(Object.getPrototypeOf(headers)).toBeNull();
      expect(durable).toBe(true);
      if (key !== undefined) expect(Object.getPrototypeOf(key)).toBe(Uint8Array.prototype);
    }
    expect([...batch!].map(({ key }) => key === undefined)).toEqual(
      samples.map(({ key }) => key === undefined),
    );
  });

  test("says the same by eachValue as by iteration, and as often as it is asked", async () => {
    const log = await model.build().open();
    await log.appendBatch(samples);
    await log.appendBatch(samples.slice(2), { producer: { id: "p", epoch: 3, sequence: 8 } });
    for (const batch of await batchesOf(log)) {
      const records = [...batch];
      expect(valuesByPlace(batch)).toEqual(records.map(valueOf));
      expect([...batch].map(lineOf)).toEqual(records.map(lineOf));
      expect(batch).toMatchObject({
        first: records[0]!.offset,
        next: records.at(-1)!.offset + 1,
        count: records.length,
      });
    }
  });

  test("trimmed to any range holds the records of that range, and knows where it began", async () => {
    const log = await model.build().open();
    await log.append({ value: "before" });
    await log.appendBatch(samples, { producer: { id: "p", epoch: 3, sequence: 8 } });
    const batch = (await batchesOf(log, 1))[0]!;
    const records = [...batch];
    for (let first = 0; first <= 11; first++) {
      for (let next = Math.max(first + 1, 2); next <= 11; next++) {
        if (first >= 10) continue;
        const part = batch.trim(first, next);
        const expected = records.filter(({ offset }) => offset >= first && offset < next);
        expect([...part].map(lineOf)).toEqual(expected.map(lineOf));
        expect(valuesByPlace(part)).toEqual(expected.map(valueOf));
        expect([part.position, part.count]).toEqual([batch.position, expected.length]);
        expect(part.maxTimestamp()).toBe(Math.max(...expected.map(({ timestamp }) => timestamp)));
        expect(part.producer()).toEqual({ id: "p", epoch: 3, sequence: 7 + Math.max(first, 1) });
        for (const time of [0, 1, 5, 6, 2 ** 51, 2 ** 52, 2 ** 53 - 1]) {
          expect(part.offsetAt(time)).toBe(expected.find(({ timestamp }) => timestamp >= time)?.offset);
        }
      }
    }
    expect(batch.trim(0, 99)).toBe(batch);
    expect([...batch.trim(3, 8).trim(5, 6)].map(({ offset }) => offset)).toEqual([5]);
  });

  test("lies where it says, and is what was appended together", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(samples.slice(0, 3));
    await log.append({ value: "alone" });
    await log.appendBatch(samples.slice(3));
    const batches = await batchesOf(log);
    expect(batches.map(({ first, next }) => [first, next])).toEqual([
      [0, 3],
      [3, 4],
      [4, 10],
    ]);
    const [name] = await segmentsOf(machine);
    const stored = await recordBatchesOf(machine, name!);
    expect(batches.map(({ position }) => position)).toEqual(stored.map(({ position }) => position));
  });

  test("stays as it is while the log goes on, is truncated, and is closed", async () => {
    const log = await model.build().open({ segment: { maxBytes: 400 } });
    await log.appendBatch(samples.slice(0, 5));
    const [batch] = await batchesOf(log);
    const before = [...batch!].map(lineOf);
    // Long enough to use every buffer again, and the file as well.
    for (let index = 0; index < 40; index++) await log.append({ value: "y".repeat(300) });
    await log.truncateBefore(30);
    for (let index = 0; index < 10; index++) await log.append({ value: "z".repeat(300) });
    await log.close();
    expect([...batch!].map(lineOf)).toEqual(before);
  });

  test("read back can be appended as it is", async () => {
    const log = await model.build().open();
    await log.appendBatch(samples);
    const [batch] = await batchesOf(log);
    await log.appendBatch([...batch!]);
    for (const record of batch!) await log.append(record);
    const lines = (await batchesOf(log)).flatMap((each) => [...each].map(lineOf));
    const withoutOffset = lines.map((line) => line.slice(line.indexOf(" ")));
    expect(withoutOffset.slice(9, 18)).toEqual(withoutOffset.slice(0, 9));
    expect(withoutOffset.slice(18)).toEqual(withoutOffset.slice(0, 9));
  });
});
