/** The exclusive lock of a place, between real processes that are really killed. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { errorOfOpening, openPlace, placePath, runtime, temporaryFolder } from "./folders.ts";
import { type Bundle, bundleOpener, startOpener } from "./process.ts";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleOpener();
});
afterAll(() => bundle.remove());

const start = (directory: string, options?: Parameters<typeof startOpener>[2]) =>
  startOpener(bundle.opener, directory, options);

/** Lets the program `flock` be this shell script, or be missing. */
function replaceFlock(script?: string): void {
  const folder = mkdtempSync(join(tmpdir(), "node-flock-"));
  if (script !== undefined) writeFileSync(join(folder, "flock"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = folder;
  onTestFinished(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });
}

test("a second opener in the same process is told who holds the lock", () => {
  const directory = temporaryFolder();
  openPlace(directory);
  const { code, message } = errorOfOpening(directory);
  expect(code).toBe("LOCKED");
  expect(message).toContain(`Cannot open ${join(directory, ...placePath)} for writing`);
  expect(message).toContain(`locked by process ${process.pid} (${runtime}) on ${hostname()}`);
  expect(message).toMatch(/since \d{4}-\d\d-\d\dT/);
});

test("the refused opener takes nothing from the holder", () => {
  const directory = temporaryFolder();
  openPlace(directory);
  errorOfOpening(directory);
  expect(errorOfOpening(directory).code).toBe("LOCKED");
});

test("closing frees the lock, and closing twice does not free the next holder's", async () => {
  const directory = temporaryFolder();
  const first = openPlace(directory);
  await first.close();
  openPlace(directory);
  await first.close();
  expect(errorOfOpening(directory).code).toBe("LOCKED");
});

test("places beside each other are locked one by one", () => {
  const directory = temporaryFolder();
  openPlace(directory);
  const other = nodeStorage(directory).open(["orders", "1"], { mode: "write" });
  expect(other).toBeDefined();
});

test("a second process is told who holds the lock", async () => {
  const directory = temporaryFolder();
  const place = openPlace(directory);
  const second = await start(directory);
  expect(second.answer).toContain("LOCKED");
  expect(second.answer).toContain(`process ${process.pid} `);

  await place.close();
  expect((await start(directory)).answer).toBe("open");
});

test("the death of the holder frees the lock", async () => {
  const directory = temporaryFolder();
  const holder = await start(directory);
  expect(holder.answer).toBe("open");
  const { code, message } = errorOfOpening(directory);
  expect(code).toBe("LOCKED");
  expect(message).toContain(`process ${holder.process.pid} `);

  await holder.kill();
  openPlace(directory);
});

test("a child of the holder does not keep the lock after the holder's death", async () => {
  const directory = temporaryFolder();
  const holder = await start(directory, { spawnChild: true });
  const child = Number(/^open with child (\d+)$/.exec(holder.answer)?.[1]);
  onTestFinished(() => void process.kill(child, "SIGKILL"));
  await holder.kill();
  openPlace(directory);
  // It was still alive: signal 0 asks just that.
  expect(process.kill(child, 0)).toBe(true);
});

test("of many processes at once exactly one gets the lock", async () => {
  const directory = temporaryFolder();
  const openers = await Promise.all(Array.from({ length: 6 }, () => start(directory)));
  const answers = openers.map(({ answer }) => answer.split(" ")[0]);
  expect(answers.toSorted()).toEqual([...Array.from({ length: 5 }, () => "LOCKED"), "open"]);
});

test.each([
  ["of a process that lives", JSON.stringify({ pid: process.ppid, runtime: "node", host: hostname() })],
  ["that is not one", "{ no record"],
  ["that is longer than ours", ".".repeat(500)],
])("a stale lock file with a record %s does not block", (_, record) => {
  const directory = temporaryFolder();
  mkdirSync(join(directory, ...placePath), { recursive: true });
  writeFileSync(join(directory, ...placePath, "lock"), record);
  openPlace(directory);
  expect(errorOfOpening(directory).message).toContain(`process ${process.pid} `);
});

test("a lock file without a record is told as locked by another process", () => {
  const directory = temporaryFolder();
  openPlace(directory);
  writeFileSync(join(directory, ...placePath, "lock"), "");
  expect(errorOfOpening(directory).message).toContain("locked by another process");
});

test("the record of the owner is gone once the lock was freed in order", async () => {
  const directory = temporaryFolder();
  await openPlace(directory).close();
  expect(readFileSync(join(directory, ...placePath, "lock"), "utf8")).toBe("");
});

test("reading takes no lock and needs none", async () => {
  const directory = temporaryFolder();
  const writer = openPlace(directory);
  const reader = (await nodeStorage(directory).open(placePath, { mode: "read" }))!;
  expect(await reader.list()).toEqual([]);
  await writer.close();

  openPlace(directory);
  expect(await reader.list()).toEqual([]);
  await reader.close();
});

describe.runIf(process.platform === "linux")("where the lock cannot be taken", () => {
  test("a missing program is named, with what to install", () => {
    replaceFlock();
    const { code, message, cause } = errorOfOpening(temporaryFolder());
    expect(code).toBe("UNAVAILABLE");
    expect(message).toContain("flock");
    expect(message).toContain("Install util-linux or busybox");
    expect(cause).toMatchObject({ code: "ENOENT" });
  });

  test("a program that fails is not taken for a lock that somebody holds", () => {
    replaceFlock("exit 65");
    const { code, message } = errorOfOpening(temporaryFolder());
    expect(code).toBe("UNAVAILABLE");
    expect(message).toContain("it ended with 65");
  });

  test("a success that locked nothing is found out", () => {
    replaceFlock("exit 0");
    expect(errorOfOpening(temporaryFolder()).code).toBe("UNAVAILABLE");
  });

  test("no descriptor is left open by a failed attempt", () => {
    replaceFlock("exit 65");
    const directory = temporaryFolder();
    errorOfOpening(directory);
    const open = readdirSync("/proc/self/fd").length;
    for (let attempt = 0; attempt < 5; attempt++) errorOfOpening(directory);
    expect(readdirSync("/proc/self/fd")).toHaveLength(open);
  });
});

const isRoot = process.getuid?.() === 0;
const reason = isRoot ? "" : " (skipped: only root can start a process with fewer rights)";
test.runIf(isRoot)(`a directory without permission cannot be opened, and says so${reason}`, async () => {
  const directory = temporaryFolder();
  chmodSync(directory, 0o700);
  const nobody = 65_534;
  const { answer } = await start(join(directory, "data"), { user: nobody });
  expect(answer).toContain(`UNAVAILABLE Cannot open ${join(directory, "data", ...placePath)} for writing`);
  expect(answer).toContain("EACCES");
});

test.runIf(isRoot)(`a folder in a parent that may not be read can be used${reason}`, async () => {
  // As with a home folder that others may only pass through.
  const parent = temporaryFolder();
  chmodSync(parent, 0o711);
  const directory = join(parent, "data");
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  expect((await start(directory, { user: 65_534 })).answer).toBe("open");
});
