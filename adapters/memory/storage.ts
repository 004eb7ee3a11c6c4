/**
 * The in-memory backend: a disk that knows what was flushed, and can lose power. It keeps every
 * promise of the seam except to survive its process, in both colours, and it recycles files so
 * that stale bytes are the rule in every test.
 */
import { WalError } from "../../src/errors.ts";
import type { Eventually, OpenPlaceOptions, Place, Storage, StoredFile } from "../../src/storage.ts";
import { MemoryFile } from "./file.ts";

export interface MemoryStorageOptions {
  /** Whether its methods answer at once, as OPFS does, or with promises. The default is `sync`. */
  readonly colour?: "sync" | "async";
  /** The disk to use. The default is a new one, which nobody else can reach. */
  readonly disk?: MemoryDisk;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

export function memoryStorage(options: MemoryStorageOptions = {}): Storage {
  const disk = options.disk ?? new MemoryDisk();
  const answer = options.colour === "async" ? later : atOnce;
  return {
    name: "memory",
    durability: "memory",
    flushesAtOnce: 1,
    now: options.now ?? Date.now,
    elapsed: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    open: (path, open) => answer(() => openPlace(disk, path.join("/"), open, answer)),
  };
}

/** The files of every place, by name. Give it to several storages to let them share it. */
export class MemoryDisk {
  readonly #folders = new Map<string, MemoryFolder>();

  /** The folder at `path`, made when it is missing. */
  folder(path: string): MemoryFolder {
    let folder = this.#folders.get(path);
    if (folder === undefined) this.#folders.set(path, (folder = new MemoryFolder()));
    return folder;
  }

  has(path: string): boolean {
    return this.#folders.has(path);
  }

  /** What a loss of power leaves: flushed bytes under flushed names, and no locks. */
  losePower(): MemoryDisk {
    const survivor = new MemoryDisk();
    for (const [path, folder] of this.#folders) survivor.#folders.set(path, folder.survivor());
    return survivor;
  }
}

/** The names of one place: those that are seen, and those that survive a loss of power. */
export class MemoryFolder {
  readonly names = new Map<string, MemoryFile>();
  readonly spares: MemoryFile[] = [];
  locked = false;
  #flushedNames = new Map<string, MemoryFile>();

  flushNames(): void {
    this.#flushedNames = new Map(this.names);
  }

  survivor(): MemoryFolder {
    const folder = new MemoryFolder();
    for (const [name, file] of this.#flushedNames) folder.names.set(name, file.survivor());
    folder.flushNames();
    return folder;
  }
}

type Answer = <T>(work: () => T) => Eventually<T>;

const atOnce: Answer = (work) => work();
const later: Answer = async (work) => {
  await Promise.resolve();
  return work();
};

function openPlace(
  disk: MemoryDisk,
  path: string,
  options: OpenPlaceOptions,
  answer: Answer,
): Place | undefined {
  if (options.mode === "read" && !disk.has(path)) return undefined;
  const folder = disk.folder(path);
  if (options.mode === "write") {
    if (folder.locked) {
      const message = `cannot open ${path} in memory for writing: it is open already`;
      throw new WalError("LOCKED", message, { log: path });
    }
    folder.locked = true;
  }
  const existing = (name: string): MemoryFile => {
    const file = folder.names.get(name);
    if (file === undefined) throw new Error(`there is no file ${name} in ${path} in memory`);
    return file;
  };
  return {
    list: () => answer(() => [...folder.names.keys()]),
    open: (name) => answer(() => openFile(existing(name), folder, answer)),
    create: (name) =>
      answer(() => {
        if (folder.names.has(name)) throw new Error(`there is a file ${name} in ${path} in memory already`);
        const file = folder.spares.pop() ?? new MemoryFile();
        folder.names.set(name, file);
        return openFile(file, folder, answer);
      }),
    remove: (name, { reuse }) =>
      answer(() => {
        const file = existing(name);
        folder.names.delete(name);
        if (reuse && folder.spares.length === 0) folder.spares.push(file);
      }),
    close: () =>
      answer(() => {
        if (options.mode === "write") folder.locked = false;
      }),
  };
}

function openFile(file: MemoryFile, folder: MemoryFolder, answer: Answer): StoredFile {
  return {
    size: () => answer(() => file.size),
    read: (target, position) => answer(() => file.read(target, position)),
    write: (source, position) => answer(() => file.write(source, position)),
    truncate: (size) => answer(() => file.truncate(size)),
    flush: () =>
      answer(() => {
        file.flush();
        folder.flushNames();
      }),
    close: () => answer(() => undefined),
  };
}
