/**
 * Runs the conformance suites over this adapter on a real Deno KV, with no test runner at all:
 *
 *     deno run -A --unstable-kv examples/key-value/conformance.ts
 *
 * Called with the path of a database and that of a place, it holds the place until it is killed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, execPath, exit } from "node:process";
import { type ConformanceOptions, testLog, testStorage } from "../../src/conformance/index.ts";
import type { Storage } from "../../src/index.ts";
import { type DenoKv, denoStore } from "./deno-kv.ts";
import { keyValueStorage } from "./storage.ts";

declare const Deno: { openKv(path: string): Promise<DenoKv & { close(): void }> };

interface Database {
  readonly folder: string;
  readonly kv: DenoKv & { close(): void };
}

const databases = new Map<Storage, Database>();

async function storageIn(folder: string): Promise<Storage> {
  const kv = await Deno.openKv(join(folder, "kv"));
  const storage = keyValueStorage(denoStore(kv), { leaseMs: 1500 });
  databases.set(storage, { folder, kv });
  return storage;
}

const backend: Omit<ConformanceOptions, "test"> = {
  open: () => storageIn(mkdtempSync(join(tmpdir(), "walkabout-kv-"))),
  close(storage) {
    const { folder } = databases.get(storage)!;
    for (const database of databases.values()) if (database.folder === folder) database.kv.close();
    for (const [each, database] of databases) if (database.folder === folder) databases.delete(each);
    rmSync(folder, { recursive: true });
  },
  again: (storage) => storageIn(databases.get(storage)!.folder),
  readBeside: true,
  async holdElsewhere(storage, path) {
    const args = ["run", "-A", "--unstable-kv", argv[1]!, databases.get(storage)!.folder, path.join("/")];
    const child = spawn(execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    return {
      async die() {
        child.kill("SIGKILL");
        await once(child, "exit");
      },
    };
  },
  losePower: "nothing says that its database is flushed at each commit, so its durability is os",
};

async function hold(folder: string, path: string): Promise<void> {
  await (await storageIn(folder)).open(path.split("/"), { mode: "write" });
  console.log("held");
}

async function runAll(): Promise<number> {
  const checks: [string, () => Promise<void>][] = [];
  let leftOut = 0;
  const options: ConformanceOptions = {
    ...backend,
    test: (name, run) => checks.push([name, run]),
    skip: (name) => console.log(name, ++leftOut),
  };
  testStorage(options);
  testLog(options);
  let failed = 0;
  for (const [name, run] of checks) {
    try {
      await run();
    } catch (error) {
      failed++;
      console.log(`FAIL ${name}\n${String(error)}`);
    }
  }
  console.log(`${checks.length - failed} checks passed, ${failed} failed, ${leftOut} left out`);
  return failed === 0 ? 0 : 1;
}

const [folder, path] = argv.slice(2);
if (folder !== undefined && path !== undefined) await hold(folder, path);
else exit(await runAll());
