/** What is compared in a browser: a bare handle, walkabout, and what people use instead. */
import { indexedDbStorage } from "../../adapters/indexeddb/storage.ts";
import { browserStorage } from "../../adapters/browser/storage.ts";
import { openHandle } from "../../adapters/opfs/platform.ts";
import { opfsStorage } from "../../adapters/opfs/storage.ts";
import { type Log, openLog, type Storage } from "../../src/index.ts";
import storageWorkerUrl from "../../adapters/browser/worker.ts?worker&url";

/** Something that keeps values. */
export interface Contestant {
  /** Resolves when the value is kept, as far as this one goes. */
  append(value: Uint8Array): Promise<unknown> | unknown;
  /** Keeps many values that are there at the same moment, in the best way that it offers. */
  appendMany(values: readonly Uint8Array[]): Promise<unknown> | unknown;
}

export type Context = "worker" | "page";

export interface Entry {
  readonly name: string;
  /** What its answer means. */
  readonly means: string;
  readonly context: Context;
  readonly open: () => Promise<Contestant>;
}

const segment = { maxBytes: 16 * 2 ** 20 };
const retention = { maxBytes: 32 * 2 ** 20 };

export const entries: readonly Entry[] = [
  { name: "bare handle", means: "flushed", context: "worker", open: bareHandle },
  { name: "walkabout/opfs", means: "flushed", context: "worker", open: () => walkabout(opfsStorage()) },
  {
    name: "walkabout/browser",
    means: "flushed",
    context: "page",
    open: () => walkabout(browserStorage({ worker: new URL(storageWorkerUrl, location.href) })),
  },
  {
    name: "walkabout/indexeddb",
    means: "strict commit",
    context: "page",
    open: () => walkabout(indexedDbStorage()),
  },
  { name: "SQLite (wasm, OPFS pool)", means: "commit, synchronous=FULL", context: "worker", open: sqlite },
  { name: "idb, strict", means: "strict commit", context: "page", open: () => byHand("strict") },
  { name: "idb, relaxed", means: "relaxed commit", context: "page", open: () => byHand("relaxed") },
  { name: "Dexie", means: "the browser's default commit", context: "page", open: dexie },
  { name: "localForage", means: "the browser's default commit", context: "page", open: localForage },
  { name: "workbox-background-sync", means: "the browser's default commit", context: "page", open: workbox },
];

async function walkabout(storage: Storage): Promise<Contestant> {
  const log: Log = await openLog({ storage, topic: `bench-${crypto.randomUUID()}`, segment, retention });
  return {
    append: (value) => log.append({ value }),
    appendMany: (values) => Promise.all(values.map((value) => log.append({ value }))),
  };
}

/** The floor: one write and one flush, over and over the same 16 MiB. */
async function bareHandle(): Promise<Contestant> {
  const folder = await navigator.storage.getDirectory();
  const file = await folder.getFileHandle("bare", { create: true });
  const handle = await openHandle(file);
  handle.write(new Uint8Array(segment.maxBytes), { at: 0 });
  handle.flush();
  let at = 0;
  const append = (value: Uint8Array): void => {
    if (at + value.length > segment.maxBytes) at = 0;
    handle.write(value, { at });
    handle.flush();
    at += value.length;
  };
  const joined = new Uint8Array(2 ** 20 * 2);
  return {
    append,
    appendMany(values) {
      let length = 0;
      for (const value of values) {
        joined.set(value, length);
        length += value.length;
      }
      append(joined.subarray(0, length));
    },
  };
}

async function byHand(durability: "strict" | "relaxed"): Promise<Contestant> {
  const { openDB } = await import("idb");
  const database = await openDB(`by-hand-${durability}`, 1, {
    upgrade: (opened) => void opened.createObjectStore("values", { autoIncrement: true }),
  });
  const appendMany = async (values: readonly Uint8Array[]): Promise<void> => {
    const transaction = database.transaction("values", "readwrite", { durability });
    for (const value of values) void transaction.store.add(value);
    transaction.commit();
    await transaction.done;
  };
  return { append: (value) => appendMany([value]), appendMany };
}

async function dexie(): Promise<Contestant> {
  const { Dexie } = await import("dexie");
  const database = new Dexie("dexie");
  database.version(1).stores({ values: "++" });
  const table = database.table("values");
  return { append: (value) => table.add(value), appendMany: (values) => table.bulkAdd([...values]) };
}

async function localForage(): Promise<Contestant> {
  const { default: forage } = await import("localforage");
  let next = 0;
  const append = (value: Uint8Array): Promise<unknown> => forage.setItem(String(next++), value);
  return { append, appendMany: (values) => Promise.all(values.map(append)) };
}

async function workbox(): Promise<Contestant> {
  const { QueueStore } = await import("workbox-background-sync/QueueStore.js");
  const store = new QueueStore("bench");
  const append = (value: Uint8Array): Promise<unknown> => {
    const requestData = { url: "/ingest", method: "POST", headers: {}, body: value.slice().buffer };
    return store.pushEntry({ requestData, timestamp: Date.now() });
  };
  return { append, appendMany: (values) => Promise.all(values.map(append)) };
}

async function sqlite(): Promise<Contestant> {
  const { default: start } = await import("@sqlite.org/sqlite-wasm");
  const sqlite3 = await start();
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: "bench" });
  const database = new pool.OpfsSAHPoolDb("/bench.db");
  database.exec("PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS v (id INTEGER PRIMARY KEY, value BLOB)");
  const insert = database.prepare("INSERT INTO v (value) VALUES (?)");
  const append = (value: Uint8Array): void => {
    insert.bind(1, value);
    insert.stepReset();
  };
  return {
    append,
    appendMany: (values) => database.transaction(() => values.forEach(append)),
  };
}
