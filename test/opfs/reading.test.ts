/** A place of pool files that is read beside its writer: what a name stood for a moment ago is looked at first, and never trusted. */
import { beforeEach, expect, test } from "vitest";
import { opfsStorage } from "../../adapters/opfs/storage.ts";
import type { Place } from "../../src/storage.ts";
import { Origin } from "./origin.ts";

const path = ["orders", "0"];
let origin: Origin;
let writing: Place;
let reading: Place;

beforeEach(async () => {
  origin = new Origin(0);
  origin.install();
  const storage = opfsStorage({ settleMs: 0, spareFiles: 0 });
  writing = (await storage.open(path, { mode: "write" }))!;
  await write("first");
  reading = (await storage.open(path, { mode: "read" }))!;
});

async function write(name: string): Promise<void> {
  const file = await writing.create(name);
  await file.write(new TextEncoder().encode(name), 0);
  await file.flush();
  await file.close();
}

async function read(name: string): Promise<string> {
  const target = new Uint8Array(100);
  const file = await reading.open(name);
  return new TextDecoder().decode(target.subarray(0, await file.read(target, 0)));
}

test("opening a file does not look at all the others", async () => {
  const names = Array.from({ length: 50 }, (_, index) => `file ${index}`);
  for (const name of names) await write(name);
  expect(await reading.list()).toHaveLength(51);
  origin.looks = 0;
  for (const name of names) expect(await read(name)).toBe(name);
  // Its head, and the bytes.
  expect(origin.looks).toBe(2 * names.length);
});

test("a file that stands for another name since is not taken for the old one", async () => {
  expect(await read("first")).toBe("first");
  await writing.remove("first", { reuse: true });
  await write("second");
  await expect(read("first")).rejects.toThrow("there is no file first");
  expect(await read("second")).toBe("second");
});

test("a name that went to another file is found there", async () => {
  await write("second");
  expect(await read("first")).toBe("first");
  expect(await read("second")).toBe("second");
  await writing.remove("second", { reuse: true });
  await writing.remove("first", { reuse: true });
  await write("second");
  expect(await read("second")).toBe("second");
});
