/**
 * The golden logs: bytes that were written once and are read for as long as there is a version 1. Today's
 * code reads them, the stranger's decoder reads the same, and today's code still writes these very bytes.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { openLog, openReader } from "../../src/index.ts";
import { decodeLog, runsWithoutRecords } from "./decoder.ts";
import { diskWith, takeFolder } from "./folder.ts";
import { goldenFolder, readGolden, writeGolden, writeMode } from "./golden-files.ts";
import { Bench } from "./golden-bench.ts";
import { goldens } from "./golden-scripts.ts";
import { listingOf, recordsRead } from "./listing.ts";

const mode = writeMode(process.env);
if (mode !== undefined) {
  for (const golden of goldens) {
    if (mode === "overwrite" || !existsSync(goldenFolder + golden.name))
      await writeGolden(goldenFolder, golden, mode);
  }
}

const decodedGolden = (name: string) => decodeLog(readGolden(goldenFolder, name).files);
const reasons = (name: string) => decodedGolden(name).chain.map(({ segment }) => segment.start?.reason);
const controls = (name: string) =>
  new Set(decodedGolden(name).segments.flatMap(({ batches }) => batches.map(({ control }) => control?.is)));

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "golden-")) + sep;
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("the stranger's decoder imports nothing but its own parts", () => {
  const folder = new URL(".", import.meta.url);
  const parts = readdirSync(folder).filter((name) => name.startsWith("decoder"));
  const imports = parts.flatMap((name) =>
    [...readFileSync(new URL(name, folder), "utf8").matchAll(/\bfrom "(.*)"/g)].map(([, from]) => from),
  );
  expect(parts.length).toBeGreaterThan(3);
  expect(imports.filter((from) => !/^\.\/decoder[a-z-]*\.ts$/.test(from))).toEqual([]);
  expect(imports.length).toBeGreaterThan(3);
});

test("there is a golden log for each script, and no other", () => {
  expect(readdirSync(goldenFolder).toSorted()).toEqual(goldens.map(({ name }) => name).toSorted());
});

for (const golden of goldens) {
  const { name, topic, partition, path } = golden;
  describe(name, () => {
    const { files, listing } = readGolden(goldenFolder, name);

    test("is read by the stranger's decoder as it is listed", () => {
      expect(listingOf(golden.about, topic, partition, files)).toEqual(listing);
      const log = decodeLog(files);
      expect(log.missing).toEqual([]);
      expect(runsWithoutRecords(log)).toEqual([]);
      const own = log.chain.map(({ segment }) => [segment.start?.topic, segment.header?.partition]);
      expect(new Set(own.map(String))).toEqual(new Set([String([topic, partition])]));
    });

    for (const colour of ["sync", "async"] as const) {
      test(`is read by a reader as it is listed, and left alone (${colour})`, async () => {
        const disk = await diskWith(files, path);
        const reader = await openReader({ storage: memoryStorage({ disk, colour }), topic, partition });
        expect(await recordsRead(reader)).toEqual(listing.records);
        expect([reader.first, reader.next]).toEqual([listing.first, listing.next]);
        await reader.close();
        expect(takeFolder(disk, path)).toEqual(files);
      });

      test(`is opened and goes on where it ended (${colour})`, async () => {
        const disk = await diskWith(files, path);
        const storage = memoryStorage({ disk, colour });
        const log = await openLog({ storage, topic, partition });
        expect(await recordsRead(log)).toEqual(listing.records);
        expect([log.first, log.next]).toEqual([listing.first, listing.next]);
        expect((await log.append({ value: "more" })).offset).toBe(listing.next);
        await log.close();
        const decoded = decodeLog(takeFolder(disk, path));
        expect([decoded.first, decoded.next]).toEqual([listing.first, listing.next + 1]);
        expect(new Set(Object.values(decoded.verdicts))).toEqual(new Set(["sound"]));
      });

      test(`is written again byte for byte (${colour})`, async () => {
        const disk = await golden.write(new Bench(colour, new MemoryDisk()));
        const written = takeFolder(disk, path);
        expect([...written.keys()]).toEqual([...files.keys()]);
        for (const [file, bytes] of written)
          expect(Buffer.from(bytes).equals(files.get(file)!), file).toBe(true);
      });
    }
  });
}

describe("the golden logs hold what they are for", () => {
  test("every reason for a segment and every control record", () => {
    expect(reasons("rotated")).toContain(1);
    expect(reasons("failed-flush")).toEqual([0, 2]);
    expect(reasons("rewritten")).toEqual([0, 3]);
    expect(decodedGolden("torn").verdicts).toEqual({ "00000000000000000000.wal": "torn" });
    expect(decodedGolden("unfinished").verdicts).toMatchObject({ "00000000000000000003.wal": "unfinished" });
    expect(reasons("truncated-after")).toContain(4);
    const all = goldens.flatMap(({ name }) => [...controls(name)]);
    expect(new Set(all)).toEqual(new Set(["start", "seal", "first", "close", "lost", undefined]));
  });

  test("a link into the middle of a batch", () => {
    const [{ segment, end, next }] = decodedGolden("truncated-after").chain;
    const last = segment.batches.find((batch) => batch.end === end)!;
    expect(last.base + last.count).toBeGreaterThan(next);
  });

  test("superseded bytes that look like a batch, behind the link of a segment that failed", () => {
    const [{ segment, end }] = decodedGolden("failed-flush").chain;
    expect(segment.batches.at(-1)?.records[0]?.offset).toBe(3);
    expect(segment.end).toBeGreaterThan(end);
  });

  test("old batches of a lower epoch behind the end of a recycled segment", () => {
    const { chain, verdicts } = decodedGolden("recycled");
    const { segment } = chain.at(-1)!;
    expect(verdicts[segment.name]).toBe("torn");
    expect(Buffer.from(segment.file.subarray(segment.end)).includes("value")).toBe(true);
    expect(Math.min(...segment.flushedEpochs)).toBeLessThan(segment.epoch);
  });

  test("lost ranges in the salvaged log, and the rest of a batch with its producer's sequence", () => {
    const { lost, records } = decodedGolden("salvaged");
    expect(lost).toEqual([
      { from: 2, count: 1 },
      { from: 8, count: 1 },
    ]);
    expect(records.flatMap(({ producer }) => producer?.sequence ?? [])).toEqual([2, 10, 11]);
  });

  test("producers in the start and in the close", () => {
    const { segment } = decodedGolden("producers").chain.at(-1)!;
    const close = segment.batches.at(-1)?.control;
    expect(segment.start?.state.producers.map(({ id }) => id)).toEqual(["ü", "a"]);
    expect(close?.is === "close" && close.state.producers.map(({ id, epoch }) => [id, epoch])).toEqual([
      ["a", 1],
      ["ü", 3],
    ]);
  });
});

describe("writing the golden logs", () => {
  test("does not replace one that is there", async () => {
    const folder = temporaryFolder();
    cpSync(`${goldenFolder}simple`, `${folder}unclean`, { recursive: true });
    const golden = goldens.find(({ name }) => name === "unclean")!;
    await expect(writeGolden(folder, golden, "new")).rejects.toThrow("there already");
    for (const name of readdirSync(`${folder}unclean`)) {
      expect(readFileSync(`${folder}unclean/${name}`)).toEqual(readFileSync(`${goldenFolder}simple/${name}`));
    }
    await writeGolden(folder, golden, "overwrite");
    expect(readGolden(folder, "unclean").listing).toEqual(readGolden(goldenFolder, "unclean").listing);
  });

  test("does nothing unless the environment says so", () => {
    expect(writeMode({})).toBeUndefined();
    expect(writeMode({ GOLDEN_WRITE: "new" })).toBe("new");
    expect(() => writeMode({ GOLDEN_WRITE: "1" })).toThrow("new or overwrite");
  });
});
