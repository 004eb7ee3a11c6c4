/**
 * Records through the public interface and back: whatever may be appended comes back byte for byte, also as
 * the stranger's decoder reads it, and can be appended again. And what the format costs.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { type Bytes, type LogRecord, openLog, type RecordInput } from "../../src/index.ts";
import { decodeLog } from "./decoder.ts";
import { takeFolder } from "./folder.ts";

const now = 1_700_000_000_000;
const text = fc.string({ unit: "binary", maxLength: 40 });
const bytes = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 120, maxLength: 300 }),
);
const headerName = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "toString", "", "0", "Größe"));
const time = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, now - 1, now, now + 127, now + 128, 2 ** 32, Number.MAX_SAFE_INTEGER),
);

/** Headers as a plain object, whose names are its own whatever they are. */
const headers = fc
  .uniqueArray(fc.tuple(headerName, bytes), { selector: ([name]) => name, maxLength: 5 })
  .map((entries) => Object.fromEntries(entries) as Record<string, Bytes>);

const record: fc.Arbitrary<RecordInput> = fc.record(
  { key: bytes, value: bytes, headers, timestamp: time, kind: fc.integer({ min: 0, max: 127 }) },
  { requiredKeys: [] },
);

const encoded = (input: Bytes) => (typeof input === "string" ? new TextEncoder().encode(input) : input);

interface Comparable {
  offset: number;
  timestamp: number;
  kind: number;
  key: number[] | undefined;
  value: number[];
  /** Sorted by name, because a name that looks like a number comes first in every object. */
  headers: [string, number[]][];
}

function expected(input: RecordInput, offset: number): Comparable {
  return {
    offset,
    timestamp: input.timestamp ?? now,
    kind: input.kind ?? 0,
    key: input.key === undefined ? undefined : [...encoded(input.key)],
    value: [...encoded(input.value ?? "")],
    headers: sorted(Object.entries(input.headers ?? {}).map(([name, value]) => [name, encoded(value)])),
  };
}

type Found = Pick<LogRecord, "offset" | "timestamp" | "kind" | "key" | "value">;

function found(each: Found, entries: [string, Uint8Array][]): Comparable {
  const { offset, timestamp, kind, key, value } = each;
  return { offset, timestamp, kind, key: key && [...key], value: [...value], headers: sorted(entries) };
}

const sorted = (entries: [string, Uint8Array][]): [string, number[]][] =>
  entries
    .map(([name, value]): [string, number[]] => [name, [...value]])
    .toSorted(([one], [other]) => (one < other ? -1 : 1));

function newLog(disk: MemoryDisk) {
  return openLog({ storage: memoryStorage({ disk, now: () => now }), topic: "codec" });
}

async function readBack(disk: MemoryDisk): Promise<LogRecord[]> {
  const log = await newLog(disk);
  const records: LogRecord[] = [];
  for await (const each of log.read()) records.push(each);
  await log.close();
  return records;
}

/** Appends the records, one by one or as a batch, and answers the disk of the closed log. */
async function written(inputs: readonly RecordInput[], together: boolean): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = await newLog(disk);
  if (together) await log.appendBatch(inputs);
  else await Promise.all(inputs.map((input) => log.append(input)));
  await log.close();
  return disk;
}

describe("any record", () => {
  const inputs = fc.array(record, { minLength: 1, maxLength: 8 });

  test("comes back byte for byte, and the stranger's decoder reads the same", async () => {
    await fc.assert(
      fc.asyncProperty(inputs, fc.boolean(), async (all, together) => {
        const disk = await written(all, together);
        const wanted = all.map(expected);
        const decoded = decodeLog(takeFolder(disk, "codec/0")).records;
        expect(decoded.map((each) => found(each, each.headers))).toEqual(wanted);
        const records = await readBack(disk);
        expect(records.map((each) => found(each, Object.entries(each.headers)))).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  test("can be appended again as it was read, and takes the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async (all) => {
        const disk = await written(all, true);
        const records = await readBack(disk);
        const again = await written(records, true);
        expect((await readBack(again)).map((each) => ({ ...each }))).toEqual(
          records.map((each) => ({ ...each })),
        );
        const [one, other] = [disk, again].map((each) => [...takeFolder(each, "codec/0").values()][0]);
        expect(Buffer.from(one).equals(other)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

const one = async (input: RecordInput): Promise<LogRecord> =>
  (await readBack(await written([input], false)))[0];

describe("a record that is read", () => {
  test("has a header named __proto__ like any other, and no prototype", async () => {
    const own = Object.fromEntries([["__proto__", "value"]]);
    const { headers: read } = await one({ headers: own });
    expect(Object.getPrototypeOf(read)).toBeNull();
    expect(Object.getOwnPropertyNames(read)).toEqual(["__proto__"]);
    expect(new TextDecoder().decode(Object.entries(read)[0][1])).toBe("value");
    expect((await one({})).headers).toEqual(Object.create(null));
  });

  test("has no key, or an empty one, as it was appended", async () => {
    expect((await one({ key: undefined })).key).toBeUndefined();
    expect((await one({ key: "" })).key).toEqual(new Uint8Array(0));
    expect((await one({ key: new Uint8Array(0) })).key).toEqual(new Uint8Array(0));
  });

  test.each([0, 1, 2 ** 31, 2 ** 32, 2 ** 49 - 1, 2 ** 49, Number.MAX_SAFE_INTEGER])(
    "has the timestamp %i",
    async (at) => {
      expect((await one({ timestamp: at })).timestamp).toBe(at);
      for (const base of [0, now, Number.MAX_SAFE_INTEGER]) {
        const disk = await written([{ timestamp: base }, { timestamp: at }, { timestamp: base }], true);
        expect((await readBack(disk)).map(({ timestamp }) => timestamp)).toEqual([base, at, base]);
      }
    },
  );

  test.each([0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])(
    "has a value of %i bytes",
    async (length) => {
      const value = Uint8Array.from({ length }, (_, index) => (index * 31) & 255);
      const read = await one({ key: value, value, headers: { h: value } });
      for (const part of [read.key!, read.value, read.headers.h])
        expect(Buffer.from(part).equals(value)).toBe(true);
    },
  );

  test("is a plain Uint8Array whatever was appended", async () => {
    const read = await one({
      key: Buffer.from("k"),
      value: Buffer.from("v"),
      headers: { h: Buffer.from("w") },
    });
    for (const part of [read.key!, read.value, read.headers.h]) expect(part.constructor).toBe(Uint8Array);
  });
});

/** How many bytes a batch of these records takes. */
const sizeOf = async (records: RecordInput[]): Promise<number> => {
  const disk = new MemoryDisk();
  const log = await newLog(disk);
  const [file] = disk.folder("codec/0").names.values();
  const before = file.size;
  await log.appendBatch(records);
  return file.size - before;
};

describe("what the format costs", () => {
  test("is at most 4 bytes a record in full batches of values of 100 bytes", async () => {
    const value = new Uint8Array(100).fill(7);
    const bytesTaken = await sizeOf(Array.from({ length: 1024 }, () => ({ value })));
    expect((bytesTaken - 1024 * 100) / 1024).toBeLessThanOrEqual(4);
    expect((bytesTaken - 1024 * 100) / 1024).toBeGreaterThanOrEqual(2);
  });

  test("is 64 bytes, 2 bytes and the padding for a batch of one record", async () => {
    for (let length = 0; length < 24; length++) {
      const bytesTaken = await sizeOf([{ value: new Uint8Array(length) }]);
      expect(bytesTaken).toBe(64 + Math.ceil((2 + length) / 8) * 8);
    }
  });
});
