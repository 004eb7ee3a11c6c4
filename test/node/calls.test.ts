/** What a flush asks of the operating system, in which order, and what it does when that fails. */
import type * as Fs from "node:fs";
import { basename, join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { bytes, openPlace, placePath, temporaryFolder } from "./folders.ts";
import { resetWatch, watch } from "./watched-fs.ts";

vi.mock("node:fs", async (importOriginal) => {
  const { watchedFs } = await import("./watched-fs.ts");
  return watchedFs(await importOriginal<typeof Fs>());
});

beforeEach(resetWatch);

const folder = placePath.at(-1)!;

/** Makes the first `count` calls that are named so fail. */
function failing(call: string, count = Infinity): void {
  let left = count;
  watch.before = (made) => {
    if (made !== call || left-- <= 0) return;
    throw Object.assign(new Error(`EIO: ${call}`), { code: "EIO" });
  };
}

function gate(): { opened: Promise<void>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** The calls that `action` makes. */
async function callsOf(action: () => unknown): Promise<string[]> {
  watch.calls = [];
  await action();
  return watch.calls;
}

describe.each([{ blocking: false }, { blocking: true }])("blocking: $blocking", ({ blocking }) => {
  const open = () => openPlace(temporaryFolder(), { blocking });

  // KayaDB, by reading: the folder was flushed before the file was in it.
  test("a new name is flushed once, after the bytes of its file", async () => {
    const file = await open().create("a.wal");
    await file.write(bytes(10, 1), 0);
    expect(await callsOf(() => file.flush())).toEqual(["fdatasync a.wal", `fsync ${folder}`]);
    expect(await callsOf(() => file.flush())).toEqual(["fdatasync a.wal"]);
    await file.close();
  });

  test("any flush of the place covers a removal in it and a recycled name", async () => {
    const place = open();
    const file = await place.create("a.wal");
    for (const reuse of [false, true]) {
      const other = await place.create("b.wal");
      await other.flush();
      await other.close();
      await place.remove("b.wal", { reuse });
      expect(await callsOf(() => file.flush())).toEqual(["fdatasync a.wal", `fsync ${folder}`]);
    }
    const recycled = await place.create("c.wal");
    expect(await callsOf(() => recycled.flush())).toContain(`fsync ${folder}`);
    await recycled.close();
    await file.close();
  });

  // raft-wal and yugabyte#33816: what was to be flushed was marked as flushed before it had succeeded.
  test("a flush of the folder that failed fails the flush, and the next one tries again", async () => {
    const file = await open().create("a.wal");
    failing(`fsync ${folder}`, 2);
    await expect(async () => file.flush()).rejects.toThrow("EIO: fsync");
    await expect(async () => file.flush()).rejects.toThrow("EIO: fsync");
    expect(await callsOf(() => file.flush())).toEqual(["fdatasync a.wal", `fsync ${folder}`]);
    expect(await callsOf(() => file.flush())).toEqual(["fdatasync a.wal"]);
    await file.close();
  });

  test("a flush of the bytes that failed is told as it is, and nothing is tried again", async () => {
    const file = await open().create("a.wal");
    failing("fdatasync a.wal");
    watch.calls = [];
    await expect(async () => file.flush()).rejects.toMatchObject({ code: "EIO" });
    expect(watch.calls).toEqual(["fdatasync a.wal"]);
    await file.close();
  });

  // leveldb#1285: a short read was taken for the end of the file.
  test.each([100, 10_000])(
    "a read of %d bytes that the system answers in pieces is put together up to the end of the file",
    async (length) => {
      const file = await open().create("a.wal");
      const source = Uint8Array.from({ length }, (_, index) => index % 251);
      await file.write(source, 0);
      watch.bytesMax = Math.ceil(length / 15);
      const target = bytes(length, 255);
      expect(await file.read(target, 0)).toBe(length);
      expect(target).toEqual(source);
      expect(await file.read(target, length / 2)).toBe(length / 2);
      await file.close();
    },
  );

  test.each([1000, 1_000_000])("the rest of a short write of %d bytes is written as well", async (length) => {
    const file = await open().create("a.wal");
    const source = Uint8Array.from({ length }, (_, index) => index % 251);
    watch.bytesMax = length / 5;
    watch.calls = [];
    expect(await file.write(source, 10)).toBe(length);
    expect(watch.calls).toEqual(["write", "write", "write", "write", "write"]);
    const target = bytes(length, 0);
    watch.bytesMax = Infinity;
    await file.read(target, 10);
    expect(target).toEqual(source);
    await file.close();
  });

  test("a file that could not be created whole is not there, and can be created again", async () => {
    const place = open();
    // The name exists when the second description of the file cannot be had.
    failing(blocking ? "open wx+ a.wal" : "open r+ a.wal", 1);
    await expect(async () => place.create("a.wal")).rejects.toThrow("EIO: open");
    expect(await place.list()).toEqual([]);
    await (await place.create("a.wal")).close();
  });
});

test("each folder that is created is durable before anything is put into it", async () => {
  const base = temporaryFolder();
  openPlace(join(base, "data", "here"));
  const calls = watch.calls.filter((call) => /^(mkdir|fsync|open \d+ lock)/.test(call));
  expect(calls.slice(1).map((call) => call.replace(/open \d+/, "open"))).toEqual([
    "mkdir data",
    `fsync ${basename(base)}`,
    "mkdir here",
    "fsync data",
    "mkdir orders",
    "fsync here",
    "mkdir 0",
    "fsync orders",
    "open lock",
    "fsync 0",
  ]);
});

test("a folder whose name could not be made durable is not used, and is flushed when it is found", () => {
  const base = temporaryFolder();
  failing("fsync orders", 1);
  expect(() => openPlace(base)).toThrow("EIO: fsync orders");
  watch.calls = [];
  openPlace(base);
  expect(watch.calls).toContain("fsync orders");
});

test("a failed opening leaves no lock behind", () => {
  const directory = temporaryFolder();
  openPlace(directory).close();
  failing(`fsync ${folder}`, 1);
  expect(() => openPlace(directory)).toThrow(expect.objectContaining({ code: "UNAVAILABLE" }));
  openPlace(directory);
});

test("a name that is made while the folder is being flushed is flushed by the next flush", async () => {
  const place = openPlace(temporaryFolder());
  const file = await place.create("a.wal");
  const begun = gate();
  const held = gate();
  watch.until = async (call) => {
    if (call !== `fsync ${folder}`) return;
    begun.open();
    await held.opened;
  };

  const flushed = file.flush();
  await begun.opened;
  const other = await place.create("b.wal");
  held.open();
  await flushed;
  expect(await callsOf(() => file.flush())).toEqual(["fdatasync a.wal", `fsync ${folder}`]);
  expect(await callsOf(() => other.flush())).toEqual(["fdatasync b.wal"]);
  await file.close();
  await other.close();
});

test.runIf(process.platform === "linux")(
  "of two flushes at once, none outlives the other's failure",
  async () => {
    const file = await openPlace(temporaryFolder()).create("a.wal");
    // The first flush is still at the bytes of the file when the second one fails at the folder.
    const held = gate();
    let flushes = 0;
    watch.until = async (call) => {
      if (call === "fdatasync a.wal" && ++flushes === 1) await held.opened;
    };
    failing(`fsync ${folder}`, 1);
    const first = file.flush() as Promise<void>;
    const outcome = first.then(
      () => "flushed",
      () => "failed",
    );
    await vi.waitUntil(() => flushes === 1);
    await expect(file.flush()).rejects.toThrow("EIO");
    held.open();
    expect(await outcome).toBe("failed");
    await file.flush();
    await file.close();
  },
);

test.runIf(process.platform === "linux")("more flushes at once than were offered are refused", async () => {
  const file = await openPlace(temporaryFolder()).create("a.wal");
  const three = [file.flush(), file.flush(), file.flush()];
  await expect(file.flush()).rejects.toThrow("as many as are allowed");
  await Promise.all(three);
  await file.close();
});
