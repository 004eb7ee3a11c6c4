/**
 * A reader without the lock that follows a log through all that its writer does to it: rotation, closing and
 * opening again, failures, truncation at both ends, files that are recycled under it. It sees each record
 * once, in order, or is told that its place is gone.
 */
import { describe, expect, test } from "vitest";
import { type Log, type LogReader, WalError } from "../../src/index.ts";
import { failing, failingAfterwards } from "../support/faults.ts";
import { type Machine, models } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { fill } from "../recovery/damage.ts";
import { Follower } from "./follower.ts";
import { marked, observe, settled } from "./observing.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A value that says its offset, in a record that is as long as all others. */
const valueAt = (offset: number): string => `record ${String(offset).padStart(6, "0")} ${"x".repeat(20)}`;

async function appendNext(log: Log, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await log.append({ value: valueAt(log.next) });
}

/** Reads from an offset; the offsets read, and how it ended. Throws when a record holds what another had. */
async function checkedRead(reader: LogReader, from: number): Promise<{ offsets: number[]; end: string }> {
  const offsets: number[] = [];
  try {
    for await (const { offset, value } of reader.read({ from })) {
      const text = new TextDecoder().decode(value);
      if (text !== valueAt(offset) || offset !== from + offsets.length) {
        throw new Error(`offset ${offset}, read behind ${offsets.at(-1)}, holds ${text}`);
      }
      offsets.push(offset);
    }
  } catch (error) {
    return { offsets, end: error instanceof WalError ? error.code : String(error) };
  }
  return { offsets, end: "end" };
}

async function watched(
  machine: Machine,
  values: string[],
): Promise<{ log: Log; reader: LogReader; follower: Follower }> {
  const log = await machine.open({ segment: { maxBytes: 500 } });
  for (const value of values) await log.append({ value });
  const reader = await observe(machine);
  const follower = new Follower(reader);
  await follower.reach(values.length);
  return { log, reader, follower };
}

describe.each(models)("a reader without the lock that follows ($name)", (model) => {
  test("crosses rotations", async () => {
    const { log, follower } = await watched(model.build(), ["0", "1"]);
    for (let round = 0; round < 10; round++) {
      await fill(log, 3, 30);
      await log.rotate();
      await follower.reach(log.next);
    }
    expect(follower.offsets).toEqual(upTo(32));
  });

  test("crosses the end of one writer and the beginning of the next", async () => {
    const machine = model.build();
    let { log, follower } = await watched(machine, ["0"]);
    for (let round = 0; round < 5; round++) {
      await fill(log, 2);
      await log.close();
      await follower.reach(log.next);
      log = await machine.open();
      if (round % 2 === 0) await log.close().then(async () => (log = await machine.open()));
    }
    await fill(log, 1);
    await follower.reach(12);
    expect(follower.offsets).toEqual(upTo(12));
    expect(follower.hasEnded).toBe(false);
  });

  test("goes on behind a flush that failed before it had looked", async () => {
    const machine = model.build();
    const { log, reader } = await watched(machine, ["a", "b"]);
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");
    machine.hook = undefined;
    await log.append({ value: "retried" });
    await log.append({ value: "more" });
    await settled(reader);
    expect(await marked(reader)).toEqual(["a!", "b!", "retried!", "more"]);
  });

  // It has seen "failed" at offset 2, unproven. What is there now, it has not seen.
  test("is told TRUNCATED when what it has seen was replaced", async () => {
    const machine = model.build();
    const { log, follower } = await watched(machine, ["a", "b"]);
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");
    machine.hook = undefined;
    await follower.reach(3);
    expect(follower.seen[2]).toMatchObject({ offset: 2, durable: false });
    await log.append({ value: "retried" });
    await log.append({ value: "more" });
    expect(await Promise.race([follower.ended, follower.reach(4).then(() => follower.values)])).toBe(
      "TRUNCATED",
    );
  });

  test("is told TRUNCATED when the end of the log is truncated behind it", async () => {
    const { log, reader, follower } = await watched(model.build(), ["0", "1", "2", "3", "4", "5"]);
    await log.truncateAfter(2);
    expect(await follower.ended).toBe("TRUNCATED");
    await log.append({ value: "new" });
    await settled(reader);
    expect(await marked(reader)).toEqual(["0!", "1!", "2!", "new"]);
    expect(reader).toMatchObject({ next: 4, durable: 3 });
  });

  test("keeps its place while the records before it are dropped", async () => {
    const { log, follower } = await watched(model.build(), ["0"]);
    for (let round = 0; round < 30; round++) {
      await fill(log, 1, 30);
      await follower.reach(log.next);
      await log.truncateBefore(log.next - 1);
    }
    expect(follower.offsets).toEqual(upTo(31));
  });

  test("is told TRUNCATED when its place is dropped, and by then looks at what there is", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 400 } });
    await appendNext(log, 20);
    const reader = await observe(machine);
    const reading = reader.readBatches();
    await reading.next();
    await log.truncateBefore(15);
    await appendNext(log, 10);
    const rest = async (): Promise<void> => {
      for await (const _ of reading);
    };
    await refusal(rest(), "TRUNCATED");
    expect((await checkedRead(reader, 15)).offsets).toEqual(upTo(30).slice(15));
    await refusal(reader.read({ from: 0 }).next(), "TRUNCATED");
    expect(reader.first).toBe(15);
  });

  // The file that it is reading is renamed and written anew: its handle shows it other records.
  test("never takes the records of a recycled file for those it asked for", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 400 } });
    await appendNext(log, 12);
    const outcomes = new Set<string>();
    for (let round = 0; round < 25; round++) {
      const reader = await observe(machine);
      const offsets = [];
      const reading = reader.readBatches();
      offsets.push((await reading.next()).value!.first);
      await appendNext(log, 6);
      await log.truncateBefore(log.next - 4);
      await appendNext(log, 6);
      try {
        for await (const batch of reading) {
          for (const { offset, value } of batch) {
            expect(new TextDecoder().decode(value)).toBe(valueAt(offset));
            expect(offset).toBe(offsets.at(-1)! + 1);
            offsets.push(offset);
          }
        }
        outcomes.add("end");
      } catch (error) {
        outcomes.add(error instanceof WalError ? error.code : String(error));
      }
      await reader.close();
    }
    expect([...outcomes].filter((outcome) => outcome !== "TRUNCATED" && outcome !== "end")).toEqual([]);
  });

  test("sees the whole log and nothing else, again and again, while it is written, cut and dropped", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 400 } });
    const reader = await observe(machine);
    let isWriting = true;
    const outcomes = new Set<string>();
    const reading = (async () => {
      while (isWriting) {
        await reader.refresh().catch((error: unknown) => outcomes.add(String(error)));
        outcomes.add((await checkedRead(reader, reader.first)).end);
        // Where nothing is ever waited for, the writer must get its turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let round = 0; round < 60; round++) {
      await appendNext(log, 2);
      await new Promise((resolve) => setImmediate(resolve));
      if (round % 5 === 4) await log.truncateBefore(Math.max(log.first, log.next - 12));
      if (round % 11 === 10) {
        machine.hook = failing({ op: "flush" });
        await refusal(log.append({ value: valueAt(log.next) }), "FLUSH_FAILED");
        machine.hook = undefined;
      }
    }
    isWriting = false;
    await reading;
    expect([...outcomes].filter((outcome) => outcome !== "TRUNCATED" && outcome !== "end")).toEqual([]);
    await settled(reader);
    expect(reader).toMatchObject({ first: log.first, next: log.next });
  });
});
