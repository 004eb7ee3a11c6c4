/** What the seam promises of a place and its files, on real files and in both colours. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import type { Place, StoredFile } from "../../src/storage.ts";
import { bytes, openPlace, placePath, temporaryFolder } from "./folders.ts";

async function createFilled(place: Place, name: string, length: number, value: number): Promise<StoredFile> {
  const file = await place.create(name);
  expect(await file.write(bytes(length, value), 0)).toBe(length);
  await file.flush();
  return file;
}

async function readAll(file: StoredFile): Promise<Uint8Array> {
  const target = new Uint8Array(await file.size());
  expect(await file.read(target, 0)).toBe(target.length);
  return target;
}

const isPromise = (answer: unknown) => answer instanceof Promise;

describe.each([{ blocking: false }, { blocking: true }])("blocking: $blocking", ({ blocking }) => {
  const open = (directory: string, spareFiles = 1) => openPlace(directory, { blocking, spareFiles });

  test("what was written is read again, after closing and opening as well", async () => {
    const directory = temporaryFolder();
    const place = open(directory);
    const file = await createFilled(place, "a.wal", 1000, 1);
    await file.write(bytes(10, 2), 500);
    await file.close();
    await place.close();

    const again = await open(directory).open("a.wal");
    const expected = bytes(1000, 1);
    expected.fill(2, 500, 510);
    expect(await readAll(again)).toEqual(expected);
    await again.close();
  });

  test("a large write goes the same way as a small one", async () => {
    const place = open(temporaryFolder());
    const file = await createFilled(place, "a.wal", 3_000_000, 5);
    // Comparing so much element by element would take seconds.
    expect(Buffer.compare(await readAll(file), bytes(3_000_000, 5))).toBe(0);
    await file.close();
  });

  test("a read that reaches the end of the file answers the count up to there", async () => {
    const place = open(temporaryFolder());
    const file = await createFilled(place, "a.wal", 100, 1);
    const target = bytes(64, 9);
    expect(await file.read(target, 60)).toBe(40);
    expect(target.subarray(0, 40)).toEqual(bytes(40, 1));
    expect(target.subarray(40)).toEqual(bytes(24, 9));
    expect(await file.read(target, 100)).toBe(0);
    expect(await file.read(target, 5000)).toBe(0);
    expect(await file.read(new Uint8Array(0), 0)).toBe(0);
    await file.close();
  });

  test("a file gets exactly the size it is cut or stretched to", async () => {
    const place = open(temporaryFolder());
    const file = await createFilled(place, "a.wal", 100, 1);
    await file.truncate(30);
    expect(await file.size()).toBe(30);
    await file.truncate(50);
    const expected = bytes(50, 0);
    expected.fill(1, 0, 30);
    expect(await readAll(file)).toEqual(expected);
    await file.close();
  });

  test("a name that exists cannot be created, neither as an empty file nor out of a spare one", async () => {
    const place = open(temporaryFolder());
    const kept = await createFilled(place, "kept.wal", 10, 1);
    await expect(async () => place.create("kept.wal")).rejects.toMatchObject({ code: "EEXIST" });

    await (await createFilled(place, "removed.wal", 10, 2)).close();
    await place.remove("removed.wal", { reuse: true });
    await kept.flush();
    await expect(async () => place.create("kept.wal")).rejects.toMatchObject({ code: "EEXIST" });
    expect(await readAll(kept)).toEqual(bytes(10, 1));
    await kept.close();
  });

  test("a file that was removed for reuse comes back under the next name, with its stale bytes", async () => {
    const directory = temporaryFolder();
    const place = open(directory);
    const other = await createFilled(place, "other.wal", 1, 0);
    await (await createFilled(place, "old.wal", 5000, 7)).close();
    await place.remove("old.wal", { reuse: true });
    expect(await place.list()).toEqual(["other.wal"]);
    await other.flush();

    const recycled = await place.create("new.wal");
    expect(await readAll(recycled)).toEqual(bytes(5000, 7));
    expect((await place.list()).toSorted()).toEqual(["new.wal", "other.wal"]);
    await recycled.close();
    await other.close();
    expect(readdirSync(join(directory, ...placePath)).toSorted()).toEqual([
      "lock",
      "new.wal",
      "other.wal",
      "reserve",
    ]);
  });

  test("a file that was not removed for reuse does not come back", async () => {
    const directory = temporaryFolder();
    const place = open(directory);
    const other = await createFilled(place, "other.wal", 1, 0);
    await (await createFilled(place, "old.wal", 5000, 7)).close();
    await place.remove("old.wal", { reuse: false });
    await other.flush();

    const fresh = await place.create("new.wal");
    expect(await fresh.size()).toBe(0);
    await fresh.close();
    await other.close();
    expect(readdirSync(join(directory, ...placePath)).toSorted()).toEqual([
      "lock",
      "new.wal",
      "other.wal",
      "reserve",
    ]);
  });

  test("a removed file is not written over before its removal is durable", async () => {
    // Power loss could bring the old name back until then, and the old segment must be whole.
    const place = open(temporaryFolder());
    await (await createFilled(place, "old.wal", 5000, 7)).close();
    await place.remove("old.wal", { reuse: true });

    const fresh = await place.create("new.wal");
    expect(await fresh.size()).toBe(0);
    await fresh.flush();
    const recycled = await place.create("newer.wal");
    expect(await recycled.size()).toBe(5000);
    await fresh.close();
    await recycled.close();
  });

  test("no more spare files are kept than asked for", async () => {
    const directory = temporaryFolder();
    const place = open(directory, 2);
    for (const name of ["a.wal", "b.wal", "c.wal"]) await (await createFilled(place, name, 10, 1)).close();
    for (const name of ["a.wal", "b.wal", "c.wal"]) await place.remove(name, { reuse: true });
    expect(await place.list()).toEqual([]);
    expect(readdirSync(join(directory, ...placePath))).toHaveLength(2 + 2);
  });

  test("spare files that an earlier process left are used again, and removed when they are too many", async () => {
    const directory = temporaryFolder();
    const first = open(directory, 3);
    for (const name of ["a.wal", "b.wal", "c.wal"]) await (await createFilled(first, name, 10, 1)).close();
    for (const name of ["a.wal", "b.wal", "c.wal"]) await first.remove(name, { reuse: true });
    await first.close();

    const second = open(directory, 1);
    expect(await second.list()).toEqual([]);
    expect(readdirSync(join(directory, ...placePath))).toHaveLength(2 + 1);
    const recycled = await second.create("d.wal");
    expect(await recycled.size()).toBe(10);
    await recycled.close();
    await second.close();
  });

  test("a spare file that is gone stands in the way of one create at most", async () => {
    const directory = temporaryFolder();
    const place = open(directory);
    await (await createFilled(place, "a.wal", 10, 1)).close();
    await place.remove("a.wal", { reuse: true });
    await (await createFilled(place, "b.wal", 10, 1)).close();
    rmSync(join(directory, ...placePath, "spare-0"));
    await expect(async () => place.create("c.wal")).rejects.toMatchObject({ code: "ENOENT" });
    await (await createFilled(place, "c.wal", 10, 1)).close();
    expect((await place.list()).toSorted()).toEqual(["b.wal", "c.wal"]);
  });

  test("removing a missing file fails", async () => {
    const place = open(temporaryFolder());
    for (const reuse of [true, false]) {
      await expect(async () => place.remove("none.wal", { reuse })).rejects.toMatchObject({ code: "ENOENT" });
    }
  });

  test("opening a missing file fails and creates nothing", async () => {
    const place = open(temporaryFolder());
    await expect(async () => place.open("none.wal")).rejects.toMatchObject({ code: "ENOENT" });
    expect(await place.list()).toEqual([]);
  });

  test("a file that was closed takes nothing more, and may be closed again", async () => {
    const place = open(temporaryFolder());
    const file = await createFilled(place, "a.wal", 10, 1);
    await file.close();
    // The next file gets the freed descriptor: nothing may reach it through the closed one.
    const next = await createFilled(place, "b.wal", 10, 2);
    await expect(async () => file.write(bytes(10, 3), 0)).rejects.toThrow();
    await expect(async () => file.flush()).rejects.toThrow();
    await expect(async () => file.read(bytes(10, 3), 0)).rejects.toThrow();
    await file.close();
    expect(await readAll(next)).toEqual(bytes(10, 2));
    await next.close();
  });

  test("the names that the storage keeps for itself can be neither created nor removed", async () => {
    const place = open(temporaryFolder());
    for (const name of ["lock", "spare-0"]) {
      await expect(async () => place.create(name)).rejects.toThrow(TypeError);
      await expect(async () => place.open(name)).rejects.toThrow(TypeError);
      await expect(async () => place.remove(name, { reuse: false })).rejects.toThrow(TypeError);
    }
  });

  test("reading opens what is there, hides what the storage keeps, and changes nothing", async () => {
    const directory = temporaryFolder();
    const writer = open(directory);
    await (await createFilled(writer, "a.wal", 10, 1)).close();
    await (await createFilled(writer, "b.wal", 10, 2)).close();
    await writer.remove("b.wal", { reuse: true });
    await writer.close();

    const reader = (await nodeStorage(directory, { blocking }).open(placePath, { mode: "read" }))!;
    expect(await reader.list()).toEqual(["a.wal"]);
    const file = await reader.open("a.wal");
    expect(await readAll(file)).toEqual(bytes(10, 1));
    await expect(async () => file.write(bytes(1, 9), 0)).rejects.toThrow();
    await file.close();
    await expect(async () => reader.create("c.wal")).rejects.toThrow(TypeError);
    await expect(async () => reader.remove("a.wal", { reuse: false })).rejects.toThrow(TypeError);
    await reader.close();
  });

  test("every method has the colour of its configuration, whatever the size", async () => {
    const place = open(temporaryFolder());
    const file = place.create("a.wal") as StoredFile;
    const colours: boolean[] = [];
    for (const length of [0, 1, 65_536, 65_537, 1_000_000]) {
      const written = file.write(bytes(length, 1), 0);
      colours.push(isPromise(written));
      await written;
      const read = file.read(bytes(length, 0), 0);
      colours.push(isPromise(read));
      await read;
    }
    for (const call of [() => file.truncate(5), () => file.flush(), () => file.flush(), () => file.close()]) {
      const answer = call();
      colours.push(isPromise(answer));
      await answer;
    }
    const removed = place.remove("a.wal", { reuse: true });
    colours.push(isPromise(removed));
    await removed;
    expect(colours).toEqual(colours.map(() => !blocking));
  });
});
