/**
 * Readers while segments go away under them: dropped, recycled for new records, replaced, or closed. A reader
 * gets the records it asked for or is told `TRUNCATED` or `CLOSED`. It never gets other records, and its
 * reading never stands in the way of what the log does.
 */
import { describe, expect, test } from "vitest";
import { type Log, WalError } from "../../src/index.ts";
import { linesOf } from "../support/content.ts";
import { gate } from "../support/faults.ts";
import { holding, type LogSettings, type Machine, models } from "../support/machine.ts";
import { endings } from "../support/outcome.ts";
import { segmentsOf } from "../recovery/damage.ts";

const small: LogSettings = { segment: { maxBytes: 400 } };

/** A value that says its offset, and is as long as all others, so that recycled batches lie alike. */
function valueAt(offset: number): string {
  return `record ${String(offset).padStart(6, "0")} ${"x".repeat(30)}`;
}

async function appendNext(log: Log, count: number): Promise<void> {
  for (let index = 0; index < count; index++)
    await log.append({ value: valueAt(log.next), timestamp: log.next });
}

/** Ten segments of three records, opened again, so that nothing of them is in memory. */
async function cold(machine: Machine): Promise<Log> {
  const log = await machine.open();
  for (let segment = 0; segment < 10; segment++) {
    if (segment > 0) await log.rotate();
    await appendNext(log, 3);
  }
  await log.close();
  return machine.open();
}

/** Reads, and checks each value; the offsets read, and the code of how it ended. */
async function checkedRead(log: Log, from: number): Promise<{ offsets: number[]; end: string }> {
  const offsets: number[] = [];
  try {
    for await (const { offset, value } of log.read({ from })) {
      const text = new TextDecoder().decode(value);
      if (text !== valueAt(offset)) throw new Error(`offset ${offset} holds ${text}`);
      if (offset !== from + offsets.length) throw new Error(`offset ${offset} comes after ${offsets.at(-1)}`);
      offsets.push(offset);
    }
  } catch (error) {
    return { offsets, end: error instanceof WalError ? error.code : String(error) };
  }
  return { offsets, end: "end" };
}

describe.each(holding)("a reader that is held in a read ($name)", (model) => {
  test("at the start of its segment, finds its place when segments before it are dropped", async () => {
    // The others answer at once on real files.
    for (const op of model.inMemory ? (["open", "size", "read"] as const) : (["read"] as const)) {
      const machine = model.build();
      const log = await cold(machine);
      const held = gate({ op, name: (await segmentsOf(machine))[5]! });
      machine.hook = held.hook;
      const reading = checkedRead(log, 15);
      await held.reached;
      await log.truncateBefore(7);
      held.pass();
      expect(await reading).toEqual({ offsets: Array.from({ length: 15 }, (_, at) => 15 + at), end: "end" });
    }
  });

  test("at the start of its successor, finds its place when segments before it are dropped", async () => {
    const machine = model.build();
    const log = await cold(machine);
    const held = gate({ op: "read", name: (await segmentsOf(machine))[6]! });
    machine.hook = held.hook;
    const reading = checkedRead(log, 15);
    await held.reached;
    await log.truncateBefore(10);
    held.pass();
    expect(await reading).toEqual({ offsets: Array.from({ length: 15 }, (_, at) => 15 + at), end: "end" });
  });

  test("in a segment that is dropped, is told TRUNCATED, and the segment goes", async () => {
    const machine = model.build();
    const log = await cold(machine);
    const names = await segmentsOf(machine);
    const held = gate({ op: "read", name: names[3]! });
    machine.hook = held.hook;
    const reading = checkedRead(log, 9);
    await held.reached;
    const truncating = log.truncateBefore(20);
    while (log.first < 20) await new Promise((resolve) => setImmediate(resolve));
    held.pass();
    await truncating;
    const { offsets, end } = await reading;
    expect(end).toBe("TRUNCATED");
    expect([9, 10, 11]).toEqual(expect.arrayContaining(offsets));
    expect(await segmentsOf(machine)).toEqual(names.slice(6));
  });

  test("asking for a time, answers as if nothing had been", async () => {
    const machine = model.build();
    const log = await cold(machine);
    const names = await segmentsOf(machine);
    for (const index of [3, 5, 7]) {
      const held = gate({ op: "read", name: names[index]! });
      machine.hook = held.hook;
      const asked = log.offsetAt(25);
      const met = await Promise.race([held.reached.then(() => true), asked.then(() => false)]);
      if (met) await log.truncateBefore(index * 3 + 3);
      held.pass();
      expect(await asked).toBe(25);
    }
  });

  test("is told CLOSED when the log is closed meanwhile, and closing waits for it", async () => {
    const machine = model.build();
    const log = await cold(machine);
    const held = gate({ op: "read", name: (await segmentsOf(machine))[4]! });
    machine.hook = held.hook;
    const reading = checkedRead(log, 12);
    await held.reached;
    const closing = log.close();
    held.pass();
    await closing;
    const { offsets, end } = await reading;
    expect(end).toBe("CLOSED");
    expect([12, 13, 14]).toEqual(expect.arrayContaining(offsets));
  });
});

describe.each(models)("many readers beside one writer ($name)", (model) => {
  test("see every record as it was written, while segments are dropped and recycled", async () => {
    const machine = model.build();
    const log = await machine.open(small);
    const outcomes = new Set<string>();
    let isWriting = true;
    const readAgainAndAgain = async (lag: number): Promise<number> => {
      let read = 0;
      while (isWriting) {
        const { offsets, end } = await checkedRead(log, Math.max(log.first, log.durable - lag));
        outcomes.add(end);
        read += offsets.length;
        // Something else must get its turn where nothing is ever waited for.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return read;
    };
    const readers = [0, 3, 10, 30, 60].map(readAgainAndAgain);
    for (let round = 0; round < (model.inMemory ? 120 : 40); round++) {
      await appendNext(log, 2);
      await new Promise((resolve) => setImmediate(resolve));
      if (round % 4 === 3) await log.truncateBefore(Math.max(log.first, log.next - 25));
    }
    isWriting = false;
    const counts = await Promise.all(readers);
    expect([...outcomes].filter((end) => end !== "end" && end !== "TRUNCATED")).toEqual([]);
    expect(Math.min(...counts.slice(1))).toBeGreaterThan(40);
    expect((await checkedRead(log, log.first)).offsets.at(-1)).toBe(log.next - 1);
  });

  test("see only what is there when the end is truncated and written anew", async () => {
    const machine = model.build();
    const log = await machine.open(small);
    await appendNext(log, 30);
    let isWriting = true;
    const outcomes = new Set<string>();
    const readers = [2, 12].map(async (lag) => {
      while (isWriting) {
        outcomes.add((await checkedRead(log, Math.max(0, log.durable - lag))).end);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (let round = 0; round < 30; round++) {
      await log.truncateAfter(log.next - 1 - (round % 9));
      await appendNext(log, round % 11);
      await new Promise((resolve) => setImmediate(resolve));
    }
    isWriting = false;
    await Promise.all(readers);
    expect([...outcomes].filter((end) => end !== "end" && end !== "TRUNCATED")).toEqual([]);
    expect((await checkedRead(log, 0)).end).toBe("end");
  });

  test("are all told CLOSED or have read all when the log is closed under them", async () => {
    const machine = model.build();
    const log = await machine.open(small);
    await appendNext(log, 40);
    const readings = Array.from({ length: 12 }, (_, index) => checkedRead(log, index * 3));
    for (const steps of [0, 1, 2, 3]) for (let step = 0; step < steps; step++) await Promise.resolve();
    await log.close();
    for (const { end } of await Promise.all(readings)) expect(["end", "CLOSED"]).toContain(end);
    const again = await machine.open();
    expect(await linesOf(again)).toHaveLength(40);
  });

  test("that do not come back do not keep a segment from being removed", async () => {
    const machine = model.build();
    const log = await machine.open(small);
    await appendNext(log, 30);
    const left = Array.from({ length: 10 }, (_, index) => log.read({ from: index * 3 }));
    for (const reading of left) await reading.next();
    await log.truncateBefore(28);
    expect(await segmentsOf(machine)).toHaveLength(log.stats().segments);
    expect(await endings(left.map((reading) => reading.return()))).toEqual(left.map(() => "fulfilled"));
  });
});
