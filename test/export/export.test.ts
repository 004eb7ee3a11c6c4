/** A log that travels: out of one storage as a tar archive, into another one, or into a folder by any tool. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { exportLog, importLog, openLog, type Storage } from "../../src/index.ts";
import { pathOf } from "../../src/format/names.ts";
import { filesOf, linesOf, printed } from "../support/content.ts";

const topics = [
  "orders",
  "Ünicode and a name that is far longer than what the header of an archive has room for",
];

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function filled(storage: Storage, topic: string): Promise<string[]> {
  const log = await openLog({ storage, topic, partition: 3, segment: { maxBytes: 3000 } });
  for (let count = 0; count < 40; count++)
    await log.append({ value: "x".repeat(count * 7), timestamp: count });
  await log.truncateBefore(9);
  const lines = await linesOf(log);
  await log.close();
  return lines;
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** The same bytes in pieces that end anywhere. */
function* inPieces(bytes: Uint8Array, length: number): Generator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

test.each(topics)("an exported log is unpacked by tar, and opened there (%s)", async (topic) => {
  const storage = memoryStorage();
  const lines = await filled(storage, topic);
  const folder = temporaryFolder();
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "log.tar"), await bytesOf(exportLog({ storage, topic, partition: 3 })));
  execFileSync("tar", ["-xf", "../log.tar"], { cwd: join(folder, "data") });
  const log = await openLog({ storage: nodeStorage(join(folder, "data")), topic, partition: 3 });
  expect(await linesOf(log)).toEqual(lines);
  await log.close();
});

test.each(topics)("an archive that tar made is imported (%s)", async (topic) => {
  const folder = temporaryFolder();
  const lines = await filled(nodeStorage(folder), topic);
  const path = pathOf(topic, 3).join("/");
  const archive = execFileSync("tar", ["--format=posix", "-cf", "-", ...segmentsIn(folder, path)], {
    cwd: folder,
  });
  const storage = memoryStorage({ colour: "async" });
  expect(await importLog([archive], { storage })).toMatchObject({ topic, partition: 3 });
  const log = await openLog({ storage, topic, partition: 3 });
  expect(await linesOf(log)).toEqual(lines);
  await log.close();
});

test.each([1, 511, 512, 513, 100_000])("every byte arrives, in pieces of %s", async (length) => {
  const [from, to] = [memoryStorage(), memoryStorage()];
  await filled(from, "orders");
  const archive = await bytesOf(exportLog({ storage: from, topic: "orders", partition: 3 }));
  const report = await importLog(inPieces(archive, length), { storage: to });
  const files = await filesOf(from, ["orders", "3"]);
  expect(printed(await filesOf(to, ["orders", "3"]))).toEqual(printed(files));
  const bytes = [...files.values()].reduce((sum, each) => sum + each.length, 0);
  expect(report).toEqual({ topic: "orders", partition: 3, segments: files.size, bytes });
});

test("a log that is being written is exported as it is at some moment", async () => {
  const storage = memoryStorage({ colour: "async" });
  const log = await openLog({
    storage,
    topic: "orders",
    segment: { maxBytes: 2000 },
    retention: { maxBytes: 9000 },
  });
  let writing = true;
  const writer = (async () => {
    while (writing) {
      await log.append({ value: String(log.next) });
      await new Promise((turn) => setImmediate(turn));
    }
  })();
  for (let round = 0; round < 30; round++) {
    const to = memoryStorage();
    const before = log.durable;
    if (before > 0) await importLog(exportLog({ storage, topic: "orders" }), { storage: to });
    const copy = await openLog({ storage: to, topic: "orders" });
    expect(copy.next).toBeGreaterThanOrEqual(before);
    for await (const { offset, value } of copy.read())
      expect(new TextDecoder().decode(value)).toBe(String(offset));
    await copy.close();
    await log.append({ value: String(log.next) }).catch(() => undefined);
  }
  writing = false;
  await writer;
  await log.close();
});

test("nothing is imported over a log that is there", async () => {
  const storage = memoryStorage();
  const lines = await filled(storage, "orders");
  const archive = await bytesOf(exportLog({ storage, topic: "orders", partition: 3 }));
  await expect(importLog([archive], { storage })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  const log = await openLog({ storage, topic: "orders", partition: 3 });
  expect(await linesOf(log)).toEqual(lines);
  await log.close();
});

test.each([
  ["cut in the middle", (bytes: Buffer) => bytes.subarray(0, 5000), /ends in the middle/],
  ["with a damaged header", (bytes: Buffer) => bytes.fill(1, 130, 131), /wrong checksum/],
  ["empty", () => Buffer.alloc(1024), /no log/],
  ["of something else", () => foreignArchive("../../etc/passwd"), /no segment of a log/],
])("an archive that is %s leaves nothing behind", async (_, damage, message) => {
  const from = memoryStorage();
  await filled(from, "orders");
  const archive = damage(await bytesOf(exportLog({ storage: from, topic: "orders", partition: 3 })));
  const storage = memoryStorage();
  await expect(importLog([archive], { storage })).rejects.toThrow(message);
  const log = await openLog({ storage, topic: "orders", partition: 3 });
  expect(log.next).toBe(0);
  await log.close();
});

test("a log that is not there cannot be exported", async () => {
  const stream = exportLog({ storage: memoryStorage(), topic: "orders" });
  await expect(stream.next()).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

function segmentsIn(folder: string, path: string): string[] {
  const found = execFileSync("find", [path, "-name", "*.wal"], { cwd: folder, encoding: "utf8" });
  return found.trim().split("\n");
}

function foreignArchive(path: string): Buffer {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "file"), "x");
  return execFileSync("tar", ["-cPf", "-", `--transform=s,^file$,${path},`, "file"], { cwd: folder });
}
