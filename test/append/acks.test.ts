/**
 * What an acknowledgement says, and whether it is true: how strong it is on each storage, where the record
 * lies, how long it took. What it says of the disk is looked up on the disk.
 */
import { describe, expect, test } from "vitest";
import { type Durability, type Log, openLog, type RecordInput } from "../../src/index.ts";
import { decodeSegment } from "../format/decoder-segment.ts";
import { valuesOf } from "../support/content.ts";
import { gate } from "../support/faults.ts";
import { holding, memories, models, topic } from "../support/machine.ts";
import { idle, watch } from "../support/outcome.ts";

const samples: RecordInput[] = [
  {},
  { value: "a" },
  { value: "b".repeat(200), key: "key", headers: { one: "1", two: "2" }, kind: 9 },
  { value: new Uint8Array(300), timestamp: 12 },
];

async function appendAll(log: Log): Promise<Awaited<ReturnType<Log["append"]>>[]> {
  const acks = await log.appendBatch(samples);
  for (const sample of samples) acks.push(await log.append(sample));
  acks.push(...(await Promise.all(samples.map((sample) => log.append(sample)))));
  await log.rotate();
  for (const sample of samples) acks.push(await log.append(sample));
  return acks;
}

describe.each(models)("an ack ($name)", (model) => {
  test.each<["strict" | "relaxed", Durability, Durability]>([
    ["strict", "disk", "disk"],
    ["relaxed", "disk", "os"],
    ["strict", "os", "os"],
    ["relaxed", "os", "os"],
    ["strict", "memory", "memory"],
    ["relaxed", "memory", "memory"],
  ])("with durability %s, on a storage whose flush means %s, says %s", async (durability, flushed, said) => {
    const machine = model.build();
    const storage = { ...machine.storage, durability: flushed };
    const log = await openLog({ storage, topic, durability });
    const acks = [
      await log.append({ value: "a" }),
      ...(await log.appendBatch([{ value: "b" }, { value: "c" }])),
    ];
    expect(acks.map((ack) => ack.durability)).toEqual([said, said, said]);
    expect(log.stats()).toMatchObject({ storage: machine.storage.name, durability: flushed });
    await log.close();
  });

  test("of its own storage says what that storage is", async () => {
    const machine = model.build();
    const log = await machine.open();
    expect((await log.append({ value: "a" })).durability).toBe(model.inMemory ? "memory" : "disk");
  });

  test("says the offset, the time, and where the batch of the record begins", async () => {
    const machine = model.build();
    const log = await machine.open();
    const acks = await appendAll(log);
    expect(acks.map(({ offset }) => offset)).toEqual(acks.map((_, index) => index));
    const files = await machine.files();
    for (const [index, ack] of acks.entries()) {
      const sample = samples[index % samples.length]!;
      expect(ack).toMatchObject({ timestamp: sample.timestamp ?? machine.now, duplicate: false });
      const { batches } = decodeSegment(ack.segment, files.get(ack.segment)!)!;
      const batch = batches.find(({ position }) => position === ack.position)!;
      const record = batch.records.find(({ offset }) => offset === ack.offset)!;
      expect(record.timestamp).toBe(ack.timestamp);
      expect(Buffer.from(record.value)).toEqual(Buffer.from(sample.value ?? ""));
    }
  });

  test("says how many bytes the record takes: all of a batch but its header and padding", async () => {
    const machine = model.build();
    const log = await machine.open();
    const acks = await appendAll(log);
    const files = await machine.files();
    const batches = [...files].flatMap(([name, bytes]) =>
      decodeSegment(name, bytes)!.batches.map((batch) => ({ name, ...batch })),
    );
    for (const { name, position, length, records } of batches.filter(
      ({ control }) => control === undefined,
    )) {
      const own = acks.filter((ack) => ack.segment === name && ack.position === position);
      expect(own).toHaveLength(records.length);
      const bytes = own.reduce((sum, ack) => sum + ack.bytes, 0);
      expect(length - bytes).toBeGreaterThanOrEqual(0);
      expect(length - bytes).toBeLessThan(8);
    }
  });

  test("says how long the write and the flush took, and 0 when it did not wait for the flush", async () => {
    const machine = model.build();
    let elapsed = 0;
    machine.hook = ({ op }) => void (elapsed += op === "flush" ? 30 : op === "write" ? 4 : 0);
    const storage = { ...machine.storage, elapsed: () => elapsed };
    const strict = await openLog({ storage, topic });
    expect((await strict.append({ value: "a" })).flushMs).toBe(34);
    await strict.close();
    const relaxed = await openLog({ storage, topic, durability: "relaxed" });
    expect((await relaxed.append({ value: "a" })).flushMs).toBe(0);
    await relaxed.close();
  });
});

describe.each(memories)("a strict ack ($name)", (model) => {
  test("is kept by a loss of power, at any time after it", async () => {
    const machine = model.build();
    let log = await machine.open({ segment: { maxBytes: 500 } });
    const acknowledged: string[] = [];
    for (let index = 0; index < 25; index++) {
      const value = `${index} ${"x".repeat(index * 5)}`;
      await log.append({ value });
      acknowledged.push(value);
      if (index % 4 !== 3) continue;
      machine.losePower();
      log = await machine.open({ segment: { maxBytes: 500 } });
      expect(await valuesOf(log)).toEqual(acknowledged);
    }
  });
});

describe.each(holding)("while its flush is held, ($name)", (model) => {
  test("a strict append waits", async () => {
    const machine = model.build();
    const log = await machine.open();
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const append = log.append({ value: "a" });
    const state = watch(append);
    await held.reached;
    await idle();
    expect(state.settled).toBe(false);
    held.pass();
    expect((await append).offset).toBe(0);
  });

  test("a relaxed append is acknowledged, is not durable yet, and needs no further call to become so", async () => {
    const machine = model.build();
    const log = await machine.open({ durability: "relaxed" });
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    const ack = await log.append({ value: "a" });
    expect(ack.durability).toBe(model.inMemory ? "memory" : "os");
    await held.reached;
    expect(log).toMatchObject({ next: 1, durable: 0 });
    expect(await valuesOf(log)).toEqual([]);
    held.pass();
    const reading = log.read({ follow: true });
    expect((await reading.next()).value!.offset).toBe(0);
    expect(log.durable).toBe(1);
    await reading.return();
  });

  test("a relaxed append is not acknowledged before it is written", async () => {
    const machine = model.build();
    const log = await machine.open({ durability: "relaxed" });
    const held = gate({ op: "write" });
    machine.hook = held.hook;
    const append = log.append({ value: "a" });
    const state = watch(append);
    await held.reached;
    await idle();
    expect(state.settled).toBe(false);
    held.pass();
    await append;
  });

  test("flush() of a relaxed log waits for the disk", async () => {
    const machine = model.build();
    const log = await machine.open({ durability: "relaxed" });
    const held = gate({ op: "flush" });
    machine.hook = held.hook;
    await log.append({ value: "a" });
    const flush = log.flush();
    const state = watch(flush);
    await held.reached;
    await idle();
    expect(state.settled).toBe(false);
    held.pass();
    await flush;
    expect(log.durable).toBe(1);
  });
});
