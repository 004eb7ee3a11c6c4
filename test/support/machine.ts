/**
 * A machine for a log to live on: a disk that may be memory or real files, a clock that only tests move,
 * and a hook for faults. Its process may die, which leaves everything that was written, and a machine
 * with a disk in memory may lose power, which leaves what was flushed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { type Log, openLog, type OpenLogOptions, type Storage } from "../../src/index.ts";
import { filesOf } from "./content.ts";
import { type Call, faultyStorage, type Hook, type Method } from "./faulty-storage.ts";
import { strictStorage, Watch } from "./strict-storage.ts";

export const topic = "orders";
/** Where the log of a machine lies in its storage. */
export const place = [topic, "0"] as const;

export type LogSettings = Omit<OpenLogOptions, "storage" | "topic">;

export interface Machine {
  readonly storage: Storage;
  /** The time, in milliseconds since 1970. */
  now: number;
  hook: Hook | undefined;
  /** Hears of every operation before the hook does. */
  watch: ((call: Call) => void) | undefined;
  /** Every operation is noted here, while it is set. */
  calls: Call[] | undefined;
  readonly inMemory: boolean;
  /** What was done that the seam does not allow. */
  readonly misuses: string[];
  /** The disk, if it is in memory. */
  disk(): MemoryDisk;
  open(settings?: LogSettings): Promise<Log>;
  /** The log that was opened last, unless the machine has crashed since. */
  latest(): Log | undefined;
  /** The bytes of all files of the log, by name. */
  files(): Promise<Map<string, Uint8Array>>;
  /** To what is flushed now, or to what was left of the disk at an earlier moment. */
  losePower(left?: MemoryDisk): void;
  die(): Promise<void>;
  /** Closes its logs, and lets go of everything. This happens by itself at the end of a test. */
  finish(): Promise<void>;
}

export interface Model {
  readonly name: string;
  /** Whether its operations answer with a promise, so that they can be held. */
  readonly holds: boolean;
  readonly inMemory: boolean;
  build(disk?: MemoryDisk): Machine;
}

const fileMethods: Method[] = [
  "file.size",
  "file.read",
  "file.write",
  "file.truncate",
  "file.flush",
  "file.close",
];
const placeMethods: Method[] = ["place.list", "place.open", "place.create", "place.remove", "place.close"];
const none = new Set<Method>();
const all = new Set<Method>(["storage.open", ...placeMethods, ...fileMethods]);
const nodeWaiting = new Set<Method>(["place.remove", ...fileMethods.filter((each) => each !== "file.size")]);

export const memorySync = memoryModel("memory, answering at once", "sync", 1);
export const memoryAsync = memoryModel("memory, with promises", "async", 1);
/** Its flushes overlap, as they do on real files under Linux. */
export const memoryOverlapping = memoryModel("memory, overlapping flushes", "async", 3);
export const nodeAsync = nodeModel("files, with promises", false);
export const nodeSync = nodeModel("files, answering at once", true);

export const memories: readonly Model[] = [memorySync, memoryAsync, memoryOverlapping];
const modelsOf: Readonly<Record<string, readonly Model[]>> = {
  whole: [...memories, nodeAsync, nodeSync],
  quick: [memorySync, memoryAsync],
  files: [nodeAsync, nodeSync],
};
/** The quick run stays in memory, and other runtimes than Node are tried on files; the whole run takes both. */
export const models: readonly Model[] = modelsOf[process.env.TEST_RUN ?? "whole"]!;
export const holding: readonly Model[] = models.filter((model) => model.holds);

function memoryModel(name: string, colour: "sync" | "async", flushesAtOnce: number): Model {
  const promised = colour === "sync" ? none : all;
  return {
    name,
    holds: colour === "async",
    inMemory: true,
    build: (given) => {
      let disk = given ?? new MemoryDisk();
      const start = (): Storage => memoryStorage({ colour, disk });
      return machine(start(), promised, flushesAtOnce, {
        disk: () => disk,
        losePower: (left) => {
          disk = left ?? disk.losePower();
          return start();
        },
        die: async (files) => {
          disk = await diskWith(files);
          return start();
        },
      });
    },
  };
}

function nodeModel(name: string, blocking: boolean): Model {
  const promised = blocking ? none : nodeWaiting;
  const start = (): Storage => nodeStorage(temporaryFolder(), { blocking });
  return {
    name,
    holds: !blocking,
    inMemory: false,
    build: () => {
      const storage = start();
      return machine(storage, promised, storage.flushesAtOnce, {
        disk: refusePower,
        losePower: refusePower,
        die: async (files) => {
          const next = start();
          await fill(next, files);
          return next;
        },
      });
    },
  };
}

function refusePower(): never {
  throw new Error("real files cannot lose power here");
}

interface Disk {
  disk(): MemoryDisk;
  losePower(left: MemoryDisk | undefined): Storage;
  die(files: ReadonlyMap<string, Uint8Array>): Promise<Storage>;
}

function machine(first: Storage, promised: ReadonlySet<Method>, flushesAtOnce: number, under: Disk): Machine {
  let inner = first;
  const misuses: string[] = [];
  const logs: Log[] = [];
  let latest: Log | undefined;
  const built: Machine = {
    storage: { ...first, now: () => built.now, flushesAtOnce, open: (...args) => current.open(...args) },
    now: 1_700_000_000_000,
    hook: undefined,
    watch: undefined,
    calls: undefined,
    misuses,
    inMemory: first.durability === "memory",
    disk: () => under.disk(),
    files: () => filesOf(inner, place),
    open: async (settings = {}) => {
      const log = await openLog({ storage: built.storage, topic, ...settings });
      logs.push(log);
      latest = log;
      return log;
    },
    latest: () => latest,
    losePower: (left) => start(under.losePower(left)),
    die: async () => start(await under.die(await built.files())),
    finish: async () => {
      held.machine = undefined;
      built.hook = undefined;
      built.watch = undefined;
      for (const log of logs) await log.close().catch(() => undefined);
      expect(misuses.join("\n"), "what the seam does not allow").toBe("");
    },
  };
  const hook: Hook = (call) => {
    built.calls?.push(call);
    built.watch?.(call);
    return built.hook?.(call);
  };
  /** What still runs on the disk that was there before is not heard any more. */
  const wrapped = (storage: Storage): Storage => {
    const faulty = faultyStorage(storage, {
      promised,
      hook: () => (storage === inner ? hook : undefined),
      flushesAtOnce,
    });
    return strictStorage(faulty, new Watch(misuses));
  };
  let current = wrapped(inner);
  const start = (storage: Storage): void => {
    inner = storage;
    current = wrapped(storage);
    latest = undefined;
  };
  // A random search builds thousands in one test, and must be able to let each of them go.
  const held: { machine: Machine | undefined } = { machine: built };
  onTestFinished(async () => held.machine?.finish());
  return built;
}

/** A disk in memory on which all of `files` is flushed. */
async function diskWith(files: ReadonlyMap<string, Uint8Array>): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await fill(memoryStorage({ disk }), files);
  return disk;
}

async function fill(storage: Storage, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const opened = (await storage.open(place, { mode: "write" }))!;
  for (const [name, bytes] of files) {
    const file = await opened.create(name);
    await file.write(bytes, 0);
    // Real files do not lose their power here, so this would only take time.
    if (storage.durability === "memory") await file.flush();
    await file.close();
  }
  await opened.close();
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
