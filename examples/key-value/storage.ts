/**
 * A storage on a key-value store: each file is its size and chunks of its bytes. Writes stay in memory
 * until they are flushed. It is written outside of the package, with nothing but its public interface.
 *
 *     const log = await openLog({ storage: keyValueStorage(await denoStore()), topic: "orders" });
 */
import type { Place, Storage, StoredFile } from "../../src/index.ts";
import { StoredChunks } from "./file.ts";
import { Lease } from "./lease.ts";
import type { Key, KeyValueStore } from "./store.ts";

export interface KeyValueStorageOptions {
  /** How long the lock of a holder that died lasts. The default is 10,000. */
  readonly leaseMs?: number;
}

export function keyValueStorage(
  store: KeyValueStore,
  { leaseMs = 10_000 }: KeyValueStorageOptions = {},
): Storage {
  return {
    name: "key-value store",
    durability: store.durability,
    flushesAtOnce: 1,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async open(path, { mode }) {
      const root = ["walkabout", ...path];
      if (mode === "write") return writablePlace(store, root, await Lease.take(store, root, leaseMs));
      return (await store.get([...root, "lock"])) === undefined ? undefined : readablePlace(store, root);
    },
    list: (path) => store.list(["walkabout", ...path]),
  };
}

function readablePlace(store: KeyValueStore, root: Key): Place {
  const refuse = async (): Promise<never> => {
    throw new TypeError(`${root.join("/")} was opened for reading: nothing can be created or removed in it.`);
  };
  return {
    list: () => store.list([...root, "size"]),
    async open(name) {
      const file = new StoredChunks(store, root, name);
      if ((await file.storedSize()) === undefined)
        throw new Error(`there is no file ${name} in ${root.join("/")}`);
      return {
        size: async () => (await file.storedSize()) ?? 0,
        read: async (target, position) => file.read(target, position, (await file.storedSize()) ?? 0),
        write: refuse,
        truncate: refuse,
        flush: refuse,
        close: async () => undefined,
      };
    },
    create: refuse,
    remove: refuse,
    close: async () => undefined,
  };
}

async function writablePlace(store: KeyValueStore, root: Key, lease: Lease): Promise<Place> {
  const files = new Map<string, StoredChunks>();
  for (const name of await store.list([...root, "size"])) {
    const file = new StoredChunks(store, root, name);
    file.size = (await file.storedSize())!;
    files.set(name, file);
  }
  return {
    list: async () => [...files.keys()],
    async open(name) {
      const file = files.get(name);
      if (file === undefined) throw new Error(`there is no file ${name} in ${root.join("/")}`);
      return opened(file, lease);
    },
    async create(name) {
      if (files.has(name)) throw new Error(`there is a file ${name} in ${root.join("/")} already`);
      const file = new StoredChunks(store, root, name);
      files.set(name, file);
      return opened(file, lease);
    },
    async remove(name) {
      const file = files.get(name);
      if (file === undefined) throw new Error(`there is no file ${name} in ${root.join("/")}`);
      await file.remove(lease);
      files.delete(name);
    },
    close: () => lease.release(),
  };
}

function opened(file: StoredChunks, lease: Lease): StoredFile {
  return {
    size: async () => file.size,
    read: (target, position) => file.read(target, position, file.size),
    write: (source, position) => file.write(source, position),
    truncate: async (size) => file.truncate(size),
    flush: () => file.flush(lease),
    close: async () => undefined,
  };
}
