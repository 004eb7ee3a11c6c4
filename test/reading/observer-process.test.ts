/**
 * A reader without the lock beside writers in other processes, on real files: one is killed in the middle of
 * its work, the next one recovers and goes on, the last one closes. The reader follows through all of it and
 * sees each record once, among them every one that was ever acknowledged.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { openReader } from "../../src/index.ts";
import { Follower } from "./follower.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const bundle = mkdtempSync(join(tmpdir(), "walkabout-writer-"));

beforeAll(async () => {
  // The oldest Node that is supported runs no TypeScript.
  await build({
    configFile: false,
    logLevel: "silent",
    resolve: {
      alias: { storage: here("../../adapters/node/storage.ts"), walkabout: here("../../src/index.ts") },
    },
    build: {
      ssr: here("writer.mjs"),
      outDir: bundle,
      rolldownOptions: { output: { entryFileNames: "writer.mjs" } },
    },
  });
}, 60_000);
afterAll(() => rmSync(bundle, { recursive: true, force: true }));

interface Writer {
  readonly process: ChildProcess;
  /** The offset that it said it begins at. */
  readonly begin: number;
  /** The last offset that it said was acknowledged. */
  acknowledged: number;
  /** Resolves when so many more were acknowledged. */
  advance(count: number): Promise<void>;
}

async function startWriter(directory: string): Promise<Writer> {
  const child = spawn(process.execPath, [join(bundle, "writer.mjs"), directory], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface(child.stdout);
  const [first] = (await once(lines, "line")) as [string];
  const writer: Writer = {
    process: child,
    begin: Number(first.replace("begins at ", "")),
    acknowledged: -1,
    advance: async (count) => {
      const goal = Math.max(writer.acknowledged, writer.begin) + count;
      while (writer.acknowledged < goal) await once(lines, "line");
    },
  };
  lines.on("line", (line: string) => (writer.acknowledged = Number(line)));
  return writer;
}

async function end(writer: Writer, how: "kill" | "close"): Promise<void> {
  const exit = once(writer.process, "exit");
  if (how === "kill") writer.process.kill("SIGKILL");
  else writer.process.stdin!.write("close\n");
  await exit;
}

test.each([false, true])(
  "a reader follows the writers of other processes (blocking: %s)",
  async (blocking) => {
    const directory = mkdtempSync(join(tmpdir(), "walkabout-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const first = await startWriter(directory);
    expect(first.begin).toBe(0);
    const reader = await openReader({ storage: nodeStorage(directory, { blocking }), topic: "orders" });
    const follower = new Follower(reader);

    let last = first;
    for (let round = 0; round < 4; round++) {
      await last.advance(150);
      await end(last, "kill");
      await follower.reach(last.acknowledged + 1);
      const next = await startWriter(directory);
      expect(next.begin).toBeGreaterThan(last.acknowledged);
      last = next;
    }
    await last.advance(150);
    await end(last, "close");
    await follower.reach(last.acknowledged + 1);
    while (await reader.refresh());

    expect(reader.durable).toBe(reader.next);
    expect(reader.next).toBe(last.acknowledged + 1);
    expect(follower.offsets).toEqual(Array.from({ length: reader.next }, (_, index) => index));
    expect(follower.values).toEqual(follower.offsets.map(String));
    await reader.close();
    expect(await follower.ended).toBe("end");
  },
);
