/**
 * When segments are begun, and when retention drops them: by size and by age, with a clock that only the
 * test moves. The random runs tell only whether what retention dropped was allowed to go.
 */
import { describe, expect, test } from "vitest";
import { summaryOf, valuesOf } from "../support/content.ts";
import { models } from "../support/machine.ts";

const value = (index: number): string => `${index} ${"x".repeat(100)}`;

describe.each(models)("rotation ($name)", (model) => {
  test("by size keeps every segment below the limit, and its acks name the segments", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 1000 } });
    const acks = [];
    for (let index = 0; index < 30; index++) acks.push(await log.append({ value: value(index) }));
    const names = [...new Set(acks.map(({ segment }) => segment))];
    expect(names).toEqual(names.toSorted());
    expect(log.stats()).toMatchObject({ segments: names.length, rotations: names.length - 1 });
    for (const ack of acks) expect(ack.position + ack.bytes).toBeLessThanOrEqual(1000);
    for (const [name, bytes] of await machine.files()) {
      // A note that there is a next segment may lie behind the records.
      expect(bytes.length, name).toBeLessThanOrEqual(1000 + 100);
    }
    expect(await valuesOf(log)).toEqual(acks.map((_, index) => value(index)));
  });

  test("by age begins a segment with the first append after it, and with no other", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxAgeMs: 1000 } });
    const segments: string[] = [];
    for (const ms of [0, 999, 0, 1, 999, 1, 5000, 0]) {
      machine.now += ms;
      segments.push((await log.append({ value: "x" })).segment);
    }
    const changes = segments.map((name, index) => index > 0 && name !== segments[index - 1]);
    expect(changes).toEqual([false, false, false, true, false, true, true, false]);
  });

  test("by age counts from the creation of a segment, also of one from before a restart", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxAgeMs: 1000 } });
    const { segment } = await log.append({ value: "a" });
    await log.close();
    machine.now += 600;
    const again = await machine.open({ segment: { maxAgeMs: 1000 } });
    expect((await again.append({ value: "b" })).segment).toBe(segment);
    machine.now += 400;
    expect((await again.append({ value: "c" })).segment).not.toBe(segment);
  });

  test("is not upset by a clock that goes back", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxAgeMs: 1000 }, retention: { maxAgeMs: 1000 } });
    await log.append({ value: "a" });
    machine.now -= 1_000_000;
    await log.append({ value: "b" });
    await log.rotate();
    machine.now += 500;
    await log.append({ value: "c" });
    expect(await valuesOf(log)).toEqual(["a", "b", "c"]);
    expect(await log.offsetAt(1_700_000_000_000)).toBe(0);
  });

  test("tells which records the closed segment holds", async () => {
    const machine = model.build();
    const log = await machine.open();
    const { segment } = await log.append({ value: "a" });
    await log.append({ value: "b" });
    const closed = await log.rotate();
    expect(closed).toMatchObject({ name: segment, first: 0, next: 2 });
    expect(closed!.bytes).toBeLessThanOrEqual((await machine.files()).get(segment)!.length);
  });
});

describe.each(models)("retention ($name)", (model) => {
  test("by bytes keeps no more than that, besides what is being written", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 1000 }, retention: { maxBytes: 4000 } });
    for (let index = 0; index < 100; index++) {
      await log.append({ value: value(index) });
      expect(log.stats().bytes).toBeLessThanOrEqual(4000 + 1000);
    }
    expect(log.stats().bytes).toBeGreaterThan(2000);
    const { first, next, values } = await summaryOf(log);
    expect(values).toEqual(Array.from({ length: next - first }, (_, index) => value(first + index)));
    expect((await machine.files()).size).toBe(log.stats().segments);
    await log.close();
    expect(await machine.open()).toMatchObject({ first, next: 100 });
  });

  test("by age goes by the time of appending, not by the records' own timestamps", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxAgeMs: 100 }, retention: { maxAgeMs: 1000 } });
    for (let index = 0; index < 20; index++) {
      await log.append({ value: `${index}`, timestamp: index % 2 === 0 ? 0 : 4_000_000_000_000 });
      machine.now += 100;
    }
    expect(log.next).toBe(20);
    expect(log.first).toBeGreaterThanOrEqual(7);
    expect(log.first).toBeLessThanOrEqual(10);
  });

  test("is applied when the log is opened, and drops whole segments only", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (let index = 0; index < 4; index++) {
      await log.appendBatch([{ value: `${index}a` }, { value: `${index}b` }]);
      await log.rotate();
      machine.now += 1000;
    }
    await log.append({ value: "last" });
    await log.close();
    const again = await machine.open({ retention: { maxAgeMs: 2500 } });
    expect(await summaryOf(again)).toEqual({
      first: 4,
      next: 9,
      durable: 9,
      values: ["2a", "2b", "3a", "3b", "last"],
    });
  });

  test("never drops the segment that is written to", async () => {
    const machine = model.build();
    const log = await machine.open({ retention: { maxBytes: 0, maxAgeMs: 0 } });
    for (const each of ["a", "b"]) await log.append({ value: each });
    machine.now += 1_000_000;
    await log.append({ value: "c" });
    expect(await valuesOf(log)).toEqual(["a", "b", "c"]);
  });
});
