/**
 * Which records a range names: `[from, to)` over a log of several segments, batches of several records, and
 * both ends truncated. Every range there is, is read and compared with a slice of an array.
 */
import { describe, expect, test } from "vitest";
import { type Log, openReader, type ReadOptions, type RecordInput } from "../../src/index.ts";
import { linesOf } from "../support/content.ts";
import { type Machine, models, topic } from "../support/machine.ts";
import { refusal, thrown, until, watch } from "../support/outcome.ts";

const sizes = [1, 4, 2, 5, 1, 3, 4];

function records(count: number): RecordInput[] {
  return Array.from({ length: count }, (_, index) => ({
    value: "v".repeat(index * 3),
    ...(index % 2 === 1 && { key: `k${index}` }),
    kind: index,
  }));
}

/** Twenty records in batches of several sizes, over a few segments, of which 3 to 17 are left. */
async function truncated(machine: Machine): Promise<{ log: Log; first: number; lines: string[] }> {
  const log = await machine.open({ segment: { maxBytes: 500 } });
  for (const size of sizes) await log.appendBatch(records(size));
  const lines = await linesOf(log);
  await log.truncateBefore(3);
  await log.truncateAfter(17);
  return { log, first: 3, lines: lines.slice(3, 18) };
}

async function offsetsByBatch(log: Log, options: ReadOptions): Promise<number[]> {
  const offsets: number[] = [];
  for await (const batch of log.readBatches(options)) {
    expect(batch.count).toBeGreaterThan(0);
    for (const { offset } of batch) offsets.push(offset);
  }
  return offsets;
}

describe.each(models)("a range ($name)", (model) => {
  test("is half open, and names the same records one by one and batch by batch", async () => {
    const machine = model.build();
    const { log, first, lines } = await truncated(machine);
    expect(log).toMatchObject({ first: 3, next: 18, durable: 18 });
    for (let from = 3; from <= 18; from++) {
      for (let to = from; to <= 19; to++) {
        const expected = lines.slice(from - first, to - first);
        expect(await linesOf(log, { from, to })).toEqual(expected);
        const offsets = await offsetsByBatch(log, { from, to });
        expect(offsets).toEqual(expected.map((line) => Number(line.split(" ")[0])));
      }
    }
  });

  test("reaches from the first to the next offset by default", async () => {
    const { log, lines } = await truncated(model.build());
    expect(await linesOf(log)).toEqual(lines);
    expect(await linesOf(log, { from: 10 })).toEqual(lines.slice(7));
    expect(await linesOf(log, { to: 10 })).toEqual(lines.slice(0, 7));
    expect(await offsetsByBatch(log, {})).toHaveLength(15);
    const undefinedRange: ReadOptions = {
      from: undefined,
      to: undefined,
      follow: undefined,
      signal: undefined,
    };
    expect(await offsetsByBatch(log, undefinedRange)).toHaveLength(15);
  });

  test("is empty where it begins at the next offset, ends before it begins, or the log is empty", async () => {
    const { log } = await truncated(model.build());
    expect(await linesOf(log, { from: 18 })).toEqual([]);
    expect(await linesOf(log, { from: 18, to: 40 })).toEqual([]);
    expect(await linesOf(log, { from: 12, to: 5 })).toEqual([]);
    await log.truncateAfter(2);
    expect(await linesOf(log)).toEqual([]);
    const empty = await model.build().open();
    expect(await linesOf(empty)).toEqual([]);
    expect(await linesOf(empty, { from: 0 })).toEqual([]);
  });

  test("may end beyond the log, and then ends with it", async () => {
    const { log, lines } = await truncated(model.build());
    for (const to of [18, 19, 1e6, Number.MAX_SAFE_INTEGER, Infinity]) {
      expect(await linesOf(log, { from: 15, to })).toEqual(lines.slice(12));
    }
  });

  test("that begins before the first offset is TRUNCATED, and the error says what there is", async () => {
    const { log } = await truncated(model.build());
    for (const from of [0, 2]) {
      const error = await refusal(linesOf(log, { from }), "TRUNCATED");
      expect(error).toMatchObject({ first: 3, next: 18 });
      expect(error.message).toContain(`offset ${from}`);
      await refusal(offsetsByBatch(log, { from }), "TRUNCATED");
    }
  });

  test("that begins behind the next offset is a RangeError that names both", async () => {
    const { log } = await truncated(model.build());
    for (const options of [{ from: 19 }, { from: 19, follow: true }, { from: 2 ** 40 }]) {
      await expect(linesOf(log, options)).rejects.toThrow(RangeError);
      await expect(offsetsByBatch(log, options)).rejects.toThrow(/from must be at most 18/);
    }
  });

  test("ends where the log was durable when reading began, though more is appended meanwhile", async () => {
    const { log, lines } = await truncated(model.build());
    const reading = log.read();
    const seen = [(await reading.next()).value!.offset];
    for (let index = 0; index < 5; index++) await log.append({ value: "later" });
    for await (const { offset } of reading) seen.push(offset);
    expect(seen).toHaveLength(lines.length);
  });

  test("is the same to a reader without the lock", async () => {
    const machine = model.build();
    const { lines } = await truncated(machine);
    const reader = await openReader({ storage: machine.storage, topic });
    for (const [from, to] of [
      [3, 18],
      [5, 9],
      [8, 8],
      [17, 18],
      [18, 30],
    ] as const) {
      expect(await linesOf(reader, { from, to })).toEqual(lines.slice(from - 3, to - 3));
    }
    await refusal(linesOf(reader, { from: 2 }), "TRUNCATED");
    await expect(linesOf(reader, { from: 19 })).rejects.toThrow(RangeError);
    await reader.close();
  });
});

describe.each(models)("what is no range ($name)", (model) => {
  const bad: [string, unknown, unknown, RegExp][] = [
    ["from", "0", TypeError, /from must be a number, not string/],
    ["from", null, TypeError, /from must be a number, not null/],
    ["from", 0n, TypeError, /from must be a number, not bigint/],
    ["from", -1, RangeError, /from must be a whole number/],
    ["from", 0.5, RangeError, /from must be a whole number/],
    ["from", Number.NaN, RangeError, /from must be a whole number/],
    ["to", "3", TypeError, /to must be a number, not string/],
    ["to", -1, RangeError, /to must be a whole number/],
    ["to", 1.5, RangeError, /to must be a whole number/],
  ];

  test.each(bad)("%s: %s is refused, and the log can still be read", async (name, value, type, message) => {
    const log = await model.build().open();
    await log.append({ value: "a" });
    const options = { [name]: value } as { from?: number; to?: number };
    await expect(linesOf(log, options)).rejects.toThrow(type as ErrorConstructor);
    await expect(linesOf(log, options)).rejects.toThrow(message);
    await expect(offsetsByBatch(log, options)).rejects.toThrow(message);
    expect(await linesOf(log)).toHaveLength(1);
  });

  test("ends where the log was cut off behind it, and waits for nothing", async () => {
    const log = await model.build().open();
    for (const value of ["a", "b", "c"]) await log.append({ value });
    const reading = log.read();
    await reading.next();
    await reading.next();
    await log.truncateAfter(1);
    const ended = watch(reading.next());
    const sought = watch(log.offsetAt(Number.MAX_SAFE_INTEGER));
    await until(() => ended.settled && sought.settled);
    expect(await log.offsetAt(Number.MAX_SAFE_INTEGER)).toBe(2);
  });

  test("is any at all on a log that was closed", async () => {
    const log = await model.build().open();
    await log.append({ value: "a" });
    await log.close();
    await refusal(linesOf(log), "CLOSED");
    await refusal(offsetsByBatch(log, {}), "CLOSED");
    await refusal(log.offsetAt(0), "CLOSED");
    thrown(() => log.stage({ value: "b" }), "CLOSED");
  });
});
