/** How a storage of files opens its places, what it says when it cannot, and what it says of itself. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { WalError } from "../../src/errors.ts";
import { openPlace, placePath, temporaryFolder } from "./folders.ts";

test("writing creates the folders that are missing", () => {
  const directory = join(temporaryFolder(), "not", "yet", "there");
  openPlace(directory);
  expect(statSync(join(directory, ...placePath)).isDirectory()).toBe(true);
});

test("reading a place that does not exist answers undefined and creates nothing", async () => {
  const directory = join(temporaryFolder(), "data");
  expect(await nodeStorage(directory).open(placePath, { mode: "read" })).toBe(undefined);
  expect(existsSync(directory)).toBe(false);

  mkdirSync(join(directory, placePath[0]!), { recursive: true });
  expect(await nodeStorage(directory).open(placePath, { mode: "read" })).toBe(undefined);
  expect(readdirSync(join(directory, placePath[0]!))).toEqual([]);
});

test.each(["read", "write"] as const)(
  "a directory that is a file cannot be opened to %s, and says so",
  async (mode) => {
    const directory = join(temporaryFolder(), "data");
    writeFileSync(directory, "a file");
    const opening = async () => nodeStorage(directory).open(placePath, { mode });
    const error: WalError = await opening().then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(WalError);
    expect(error.code).toBe("UNAVAILABLE");
    expect(error.message).toContain(`Cannot open ${join(directory, ...placePath)} for ${mode.slice(0, 4)}`);
    expect(error.message).toContain("ENOTDIR");
    expect(error.cause).toMatchObject({ code: "ENOTDIR" });
  },
);

test("misuse of the options is told at once", () => {
  expect(() => nodeStorage("")).toThrow(TypeError);
  expect(() => nodeStorage(undefined as unknown as string)).toThrow(TypeError);
  expect(() => nodeStorage("data", { spareFiles: -1 })).toThrow(RangeError);
  expect(() => nodeStorage("data", { spareFiles: 0.5 })).toThrow(RangeError);
});

test("flushes overlap where each can have a description of the file of its own", () => {
  expect(nodeStorage("data").flushesAtOnce).toBe(process.platform === "linux" ? 3 : 1);
  expect(nodeStorage("data", { blocking: true }).flushesAtOnce).toBe(1);
});

test("the storage says what it is and what a flush means", () => {
  expect(nodeStorage("./data")).toMatchObject({ name: "node ./data", durability: "disk" });
});

test("sleeping lets the event loop turn, and the elapsed time does not go back", async () => {
  const storage = nodeStorage("data");
  const before = storage.elapsed();
  let turned = false;
  setImmediate(() => (turned = true));
  await storage.sleep(0);
  expect(turned).toBe(true);
  await storage.sleep(1);
  expect(storage.elapsed()).toBeGreaterThan(before);
  expect(Number.isInteger(storage.now())).toBe(true);
});

test("a long row of small reads lets the event loop turn", async () => {
  const place = openPlace(temporaryFolder());
  const file = await place.create("file");
  await file.write(new Uint8Array(64), 0);
  let turned = false;
  setImmediate(() => (turned = true));
  for (let reads = 0; reads < 1000 && !turned; reads++) await file.read(new Uint8Array(64), 0);
  expect(turned).toBe(true);
  await file.close();
  await place.close();
});
