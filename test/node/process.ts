/**
 * Other processes that open a place, to lock it, to be killed, or to have fewer rights. They run the
 * storage bundled as plain JavaScript, for the oldest Node that is supported runs nothing else.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { onTestFinished } from "vitest";

const storageSource = fileURLToPath(new URL("../../adapters/node/storage.ts", import.meta.url));
const openerSource = fileURLToPath(new URL("opener.mjs", import.meta.url));

export interface Bundle {
  /** The script that opens a place, see opener.mjs. */
  readonly opener: string;
  remove(): void;
}

export async function bundleOpener(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), "node-opener-"));
  // A process of another user reads it.
  chmodSync(folder, 0o755);
  const output = { entryFileNames: "opener.mjs" };
  await build({
    configFile: false,
    logLevel: "silent",
    resolve: { alias: { storage: storageSource } },
    build: { ssr: openerSource, outDir: folder, rolldownOptions: { output } },
  });
  writeFileSync(join(folder, "package.json"), "{}");
  return {
    opener: join(folder, "opener.mjs"),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export interface Opener {
  readonly process: ChildProcess;
  /** The first line it prints: `open`, or the code and message of the error. */
  readonly answer: string;
  /** Kills it without a chance to clean up, and waits until it is dead. */
  kill(): Promise<void>;
}

export interface OpenerOptions {
  readonly user?: number;
  readonly spawnChild?: boolean;
  /** Of the place. */
  readonly path?: readonly string[];
}

/** Starts a process that opens a place and keeps it open. */
export async function startOpener(
  opener: string,
  directory: string,
  { user, spawnChild = false, path }: OpenerOptions = {},
): Promise<Opener> {
  const args = [opener, directory, JSON.stringify({ user, spawnChild, path })];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [answer] = (await once(createInterface(child.stdout), "line")) as [string];
  return {
    process: child,
    answer,
    async kill() {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    },
  };
}
