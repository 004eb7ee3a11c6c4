/**
 * A storage in a Durable Object, on its SQLite database. Reads and writes answer at once; a flush is
 * `storage.sync()`, behind which everything written before survives the object and its machine.
 *
 * What is written without an `await` in between becomes durable as one, and the platform holds back what the
 * object answers until its writes are durable. Neither is relied on: an acknowledgement comes after `sync`.
 */
import { WalError } from "../../src/errors.ts";
import type { Place, Storage } from "../../src/storage.ts";
import { read, storedFile } from "./file.ts";
import { type ObjectStorage, Tables } from "./sqlite.ts";

export type { ObjectStorage } from "./sqlite.ts";

/** The places that are open for writing. An object runs once at a time, in one isolate. */
const openPlaces = new WeakMap<ObjectStorage, Set<string>>();

/**
 * Keeps everything in three tables of the object's database, whose names begin with `walkabout_`.
 *
 * @example
 * const storage = durableObjectStorage(ctx.storage);
 */
export function durableObjectStorage(objectStorage: ObjectStorage): Storage {
  if (typeof objectStorage?.sql?.exec !== "function" || typeof objectStorage.sync !== "function") {
    throw new TypeError(
      "storage must be the ctx.storage of a Durable Object on SQLite: declare its class under new_sqlite_classes",
    );
  }
  let tables: Tables | undefined;
  const opened = (): Tables => (tables ??= new Tables(objectStorage));
  return {
    name: "durable object",
    durability: "disk",
    written: "memory",
    flushesAtOnce: 1,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    sleep: (ms) => new Promise((wake) => setTimeout(wake, Math.min(ms, timerMsMax))),
    open(path, { mode }) {
      const label = path.join("/");
      if (mode === "read") return opened().hasPlace(label) ? placeToRead(opened(), label) : undefined;
      return placeToWrite(opened(), label, lock(objectStorage, label));
    },
    list(path) {
      const before = path.map((name) => `${name}/`).join("");
      const behind = opened()
        .paths()
        .filter((each) => each.startsWith(before))
        .map((each) => each.slice(before.length).split("/")[0]!);
      return [...new Set(behind)];
    },
  };
}

/** A longer timer would fire at once. */
const timerMsMax = 2 ** 31 - 1;

/** Answers what frees it. */
function lock(objectStorage: ObjectStorage, label: string): () => void {
  const held = openPlaces.get(objectStorage) ?? new Set<string>();
  openPlaces.set(objectStorage, held);
  if (held.has(label)) {
    throw new WalError(
      "LOCKED",
      `cannot open ${label} in the durable object for writing: it is open already`,
      {
        log: label,
      },
    );
  }
  held.add(label);
  return () => held.delete(label);
}

function placeToWrite(tables: Tables, path: string, unlock: () => void): Place {
  tables.addPlace(path);
  return {
    list: () => tables.names(path),
    open: (name) => storedFile(tables, existing(tables, path, name)),
    create(name) {
      if (tables.find(path, name) !== undefined)
        throw new Error(`there is a file ${name} in ${path} already`);
      return storedFile(tables, tables.addFile(path, name));
    },
    remove: (name) => tables.removeFile(existing(tables, path, name)),
    close: unlock,
  };
}

function placeToRead(tables: Tables, path: string): Place {
  const refuse = (): never => {
    throw new TypeError(`${path} was opened for reading: nothing in it can be changed`);
  };
  return {
    list: () => tables.names(path),
    open(name) {
      const id = existing(tables, path, name);
      return {
        size: () => tables.end(id),
        read: (target, position) => read(tables, id, target, position),
        write: refuse,
        truncate: refuse,
        flush: refuse,
        close() {},
      };
    },
    create: refuse,
    remove: refuse,
    close() {},
  };
}

function existing(tables: Tables, path: string, name: string): number {
  const id = tables.find(path, name);
  if (id === undefined) throw new Error(`there is no file ${name} in ${path}`);
  return id;
}
