/** The bytes that the map shows, beside a log that is being written: they have to be those of the log, and flushed where it is. */
import { expect, test } from "vitest";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { recordsOf } from "../../demo/page/batch-bytes.ts";
import { LogBytes } from "../../demo/page/log-bytes.ts";
import { tapped } from "../../demo/page/tap.ts";
import { openLog } from "../../src/index.ts";
import { pathOf } from "../../src/format/names.ts";
import type { StoredFile } from "../../src/storage.ts";

test("what is acknowledged is shown as flushed, from the first flush of each segment on", async () => {
  const plain = memoryStorage();
  const handles = new Map<string, StoredFile>();
  const bytes = new LogBytes({
    open: async () => plain.open(pathOf("orders", 0), { mode: "read" }),
    handle: (name) => handles.get(name),
  });
  const storage = tapped(plain, {
    isMeant: () => true,
    opened: (name, file) => handles.set(name, file),
    closed: (name) => handles.delete(name),
    removed: (name) => bytes.removed(name),
    written: (name, end) => bytes.touched(name, end),
    flushed: (name, end) => bytes.flushed(name, end),
  });
  const log = await openLog({ storage, topic: "orders" });
  for (let segment = 0; segment < 3; segment++) {
    if (segment > 0) await log.rotate();
    for (let count = 0; count < 3; count++) {
      const { position } = await log.append({ value: `${segment} ${count}` });
      await bytes.refresh();
      const last = bytes.segments.at(-1)!;
      expect(last.items.at(-1)?.from).toBe(position);
      expect(last.flushed).toBe(last.end);
      expect(recordsOf(last, last.items.at(-1)!).map(({ offset }) => offset)).toEqual([log.next - 1]);
    }
  }
  expect(bytes.segments).toHaveLength(3);
  await log.close();
});
