/**
 * Two segments with the same base offset: the later one carries its epoch in its name, so that the names are
 * in the order of the log also when a loss of power brings the earlier one back.
 */
import { expect, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { openLog, openReader } from "../../src/index.ts";
import { decodeLog } from "./decoder.ts";
import { failing, wrapped } from "./failing-storage.ts";
import { takeFolder } from "./folder.ts";

/** A log whose first segment has a second name, because the first flush failed, and that was emptied then. */
async function emptied(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  let failures = 0;
  const storage = wrapped(memoryStorage({ disk }), (file) => ({
    flush: () => (failures-- > 0 ? failing(file.size(), "no") : file.flush()),
  }));
  const log = await openLog({ storage, topic: "second" });
  failures = 1;
  await expect(log.append({ value: "rejected" })).rejects.toMatchObject({ code: "FLUSH_FAILED" });
  for (const value of ["a", "b", "c"]) await log.append({ value });
  await log.rotate();
  await log.truncateAfter(-1);
  expect([log.first, log.next]).toEqual([0, 0]);
  return disk.losePower();
}

test("the names are in the order of the epochs", async () => {
  const { segments } = decodeLog(takeFolder(await emptied(), "second/0"));
  expect(segments.map(({ epoch }) => epoch)).toEqual(
    segments.map(({ epoch }) => epoch).toSorted((a, b) => a - b),
  );
});

test("what was truncated away does not come back with a loss of power", async () => {
  const reader = await openReader({ storage: memoryStorage({ disk: await emptied() }), topic: "second" });
  expect([reader.first, reader.next]).toEqual([0, 0]);
});

test("to the decoder, the log is empty", async () => {
  const { first, next, segments } = decodeLog(takeFolder(await emptied(), "second/0"));
  expect([first, next]).toEqual([0, 0]);
  expect(segments.length).toBeGreaterThan(1);
});
