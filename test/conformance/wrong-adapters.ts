/**
 * Adapters with one mistake each, of the kind that a test of reading and writing does not see. They
 * are the in-memory backend with something changed.
 */
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import type { Backend } from "../../src/conformance/index.ts";
import type { Place, Storage, StoredFile } from "../../src/index.ts";

type Changes = Omit<Backend, "readBeside" | "holdElsewhere">;

/** Makes a backend of storages over one disk each; `wrong` puts the mistake in. */
function backend(
  colour: "sync" | "async",
  wrong: (storage: Storage, disk: MemoryDisk) => Storage,
  lost = (disk: MemoryDisk) => disk.losePower(),
): Backend {
  const disks = new WeakMap<Storage, MemoryDisk>();
  const on = (disk: MemoryDisk): Storage => {
    const storage = wrong(memoryStorage({ colour, disk }), disk);
    disks.set(storage, disk);
    return storage;
  };
  const changes: Changes = {
    open: () => on(new MemoryDisk()),
    again: (storage) => on(disks.get(storage)!),
    losePower: (storage) => on(lost(disks.get(storage)!)),
  };
  return { ...changes, readBeside: true, holdElsewhere: "the disk lies in the memory of this program" };
}

const withPlaces = (storage: Storage, change: (place: Place, path: string) => Place): Storage => ({
  ...storage,
  open: async (path, options) => {
    const place = await storage.open(path, options);
    return place && change(place, path.join("/"));
  },
});

const withFiles = (storage: Storage, change: (file: StoredFile) => StoredFile): Storage =>
  withPlaces(storage, (place) => ({
    ...place,
    open: async (name) => change(await place.open(name)),
    create: async (name) => change(await place.create(name)),
  }));

/** Its reads answer at once what is in a cache, and with a promise what is not. */
export const mixesColours = (): Backend =>
  backend("sync", (storage) =>
    withFiles(storage, (file) => ({
      ...file,
      read: (target, position) =>
        position === 0 ? file.read(target, position) : Promise.resolve(file.read(target, position)),
    })),
  );

/** It reads one page a call, as read(2) may, and leaves asking for the rest to its caller. */
export const readsShort = (): Backend =>
  backend("async", (storage) =>
    withFiles(storage, (file) => ({
      ...file,
      read: (target, position) => file.read(target.subarray(0, 65_536 - (position % 65_536)), position),
    })),
  );

/** It looks whether a place is locked, waits for the answer, and only then locks it. */
export const looksBeforeItLocks = (): Backend => {
  const locked = new WeakMap<MemoryDisk, Set<string>>();
  return backend("async", (storage, disk) => {
    const held = locked.get(disk) ?? new Set();
    locked.set(disk, held);
    return {
      ...storage,
      async open(path, { mode }) {
        const key = path.join("/");
        const isFree = !held.has(key);
        await storage.sleep(0);
        if (mode === "read") return storage.open(path, { mode });
        if (!isFree) return storage.open(path, { mode });
        disk.folder(key).locked = false;
        held.add(key);
        const place = (await storage.open(path, { mode }))!;
        return {
          ...place,
          close() {
            held.delete(key);
            return place.close();
          },
        };
      },
    };
  });
};

/** Its flush covers the bytes of a file, and leaves its name to the operating system. */
export const forgetsNames = (): Backend => {
  const created = new WeakMap<MemoryDisk, Map<string, Set<string>>>();
  const namesOf = (disk: MemoryDisk, path: string): Set<string> => {
    const paths = created.get(disk) ?? new Map<string, Set<string>>();
    created.set(disk, paths.set(path, paths.get(path) ?? new Set()));
    return paths.get(path)!;
  };
  return backend(
    "async",
    (storage, disk) =>
      withPlaces(storage, (place, path) => ({
        ...place,
        create(name) {
          namesOf(disk, path).add(name);
          return place.create(name);
        },
        close() {
          namesOf(disk, path).clear();
          return place.close();
        },
      })),
    (disk) => {
      const left = disk.losePower();
      for (const [path, names] of created.get(disk) ?? []) {
        for (const name of names) left.folder(path).names.delete(name);
        left.folder(path).flushNames();
      }
      return left;
    },
  );
};

/** It keeps the caller's array until the next flush instead of taking its bytes. */
export const keepsTheArray = (): Backend =>
  backend("async", (storage) =>
    withFiles(storage, (file) => {
      let waiting: { source: Uint8Array; position: number }[] = [];
      return {
        ...file,
        async write(source, position) {
          waiting.push({ source, position });
          return file.write(source, position);
        },
        async flush() {
          for (const { source, position } of waiting) await file.write(source, position);
          waiting = [];
          await file.flush();
        },
      };
    }),
  );

/** It says that it ran what it was given, and does so when it pleases. */
export const defersTheReserve = (): Backend =>
  backend("async", (storage) =>
    withPlaces(storage, (place) => ({
      ...place,
      inReserve: async (work) => {
        setTimeout(() => void work().catch(() => undefined), 5);
        return true;
      },
    })),
  );
