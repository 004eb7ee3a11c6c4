/**
 * The edges of what a header may say, where everything else about the bytes is right: a length that is no
 * multiple of 8, the largest payload, and the largest offset there is.
 */
import { describe, expect, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { openLog, salvage } from "../../src/index.ts";
import { decodeLog } from "./decoder.ts";
import { diskWith, type FolderBytes, takeFolder, withFile } from "./folder.ts";
import { rechain, reseal, setField, setNumber } from "./forge.ts";
import { Bench } from "./golden-bench.ts";
import { outcomeOf, strangerSays } from "./outcome.ts";

const topic = "limits";

async function logOf(count: number): Promise<FolderBytes> {
  const bench = new Bench("sync", new MemoryDisk());
  const log = await bench.open({ topic });
  for (let i = 0; i < count; i++) await log.append({ value: `value ${i}` });
  return takeFolder(bench.disk, `${topic}/0`);
}

test.each([0, 1, 4, 7, 8])(
  "a payload with %i more bytes is valid if its length is a multiple of 8",
  async (more) => {
    const files = await logOf(2);
    const [segment] = decodeLog(files).segments;
    const last = segment.batches.at(-1)!;
    // Padding is up to 7 bytes: with 8 more there is something else than padding.
    const expected = more === 0 ? "sound" : more === 8 ? "CORRUPT" : "torn";
    const forged = withFile(files, segment.name, (bytes) => {
      const longer = new Uint8Array(bytes.length + more);
      longer.set(bytes);
      setField(longer, last, "length", last.length + more);
      reseal(longer, last, last.length + more);
      return longer;
    });
    expect((await outcomeOf(forged, topic)).verdict).toBe(expected);
    expect(strangerSays(forged)).toBe(expected);
  },
);

/** The same log as if its first record had this offset, with all before it truncated away. */
async function logFrom(base: number, count: number, epoch = 1): Promise<FolderBytes> {
  const files = await logOf(count);
  const [segment] = decodeLog(files).segments;
  const bytes = files.get(segment.name)!;
  const [start] = segment.batches;
  for (const batch of segment.batches) {
    setField(bytes, batch, "base offset", batch.base + base);
    setField(bytes, batch, "epoch", epoch);
  }
  const carriedNext = start.position + 64 + 48;
  // Behind the topic, of which the length is one byte, lies the first offset.
  const first = carriedNext + 8 + 1 + topic.length;
  for (const at of [carriedNext, first]) setNumber(bytes, at, 8, base);
  reseal(bytes, start, start.length);
  rechain(bytes, segment, start);
  return new Map([[`${String(base).padStart(20, "0")}.wal`, bytes]]);
}

describe("the largest offset", () => {
  const max = Number.MAX_SAFE_INTEGER;

  test("can be read, and there is none behind it", async () => {
    const files = await logFrom(max - 2, 2);
    expect(await outcomeOf(files, topic)).toMatchObject({ verdict: "sound", offsets: [max - 2, max - 1] });
    expect(decodeLog(files).next).toBe(max);
    const disk = await diskWith(files, `${topic}/0`);
    const log = await openLog({ storage: memoryStorage({ disk }), topic });
    expect([log.first, log.next]).toEqual([max - 2, max]);
    await expect(log.append({ value: "one too many" })).rejects.toBeInstanceOf(RangeError);
    await log.close();
  });

  test("is that of the last batch that is valid", async () => {
    const files = await logFrom(max - 1, 2);
    expect(await outcomeOf(files, topic)).toMatchObject({ verdict: "torn", offsets: [max - 1] });
  });
});

// The count of a batch has 32 bits, so such a gap takes more than one `lost` record.
test("a gap of more than 2^32 offsets can be salvaged", async () => {
  const far = 2 ** 32 + 10;
  const damaged = await diskWith(new Map([...(await logOf(1)), ...(await logFrom(far, 1, 2))]), `${topic}/0`);
  const copy = new MemoryDisk();
  const [from, to] = [damaged, copy].map((disk) => ({ storage: memoryStorage({ disk }), topic }));
  const { kept } = await salvage(from, to);
  expect(kept.at(-1)).toEqual({ first: far, next: far + 1 });
  expect(await outcomeOf(takeFolder(copy, `${topic}/0`), topic)).toMatchObject({ verdict: "clean" });
});
