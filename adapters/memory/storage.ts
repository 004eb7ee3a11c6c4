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
  readonly disk?: Disk;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** What a disk is to this backend. {@link MemoryDisk} is an honest one, `simulated/disk.ts` is not. */
export interface Disk {
  /** The folder at `path`, made when it is missing. */
  folder(path: string): Folder;
  has(path: string): boolean;
  /** Of its folders. */
  paths(): Iterable<string>;
  /** Lets the time pass that an operation takes, where one that answers with a promise takes any. */
  pass?(): Promise<void>;
}

/** The names of one place, as a process sees them. */
export interface Folder {
  locked: boolean;
  readonly names: ReadonlyMap<string, FileBytes>;
  create(name: string): FileBytes;
  remove(name: string, reuse: boolean): void;
  /** Begins a flush of what has been written by now. What is answered ends it. */
  flush(file: FileBytes): () => void;
}

/** The bytes of one file. */
export interface FileBytes {
  readonly size: number;
  read(target: Uint8Array, position: number): number;
  write(source: Uint8Array, position: number): number;
  truncate(size: number): void;
}

export function memoryStorage(options: MemoryStorageOptions = {}): Storage {
  const disk = options.disk ?? new MemoryDisk();
  const answer = options.colour === "async" ? later(disk) : atOnce;
  return {
    name: "memory",
    durability: "memory",
    flushesAtOnce: 1,
    now: options.now ?? Date.now,
    elapsed: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    open: (path, open) => answer(() => openPlace(disk, path.join("/"), open, answer)),
    list: (path) => answer(() => namesBehind(path, disk.paths())),
  };
}

/** The files of every place, by name. Give it to several storages to let them share it. */
export class MemoryDisk implements Disk {
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

  paths(): Iterable<string> {
    return this.#folders.keys();
  }

  /** What a loss of power leaves: flushed bytes under flushed names, and no locks. */
  losePower(): MemoryDisk {
    const survivor = new MemoryDisk();
    for (const [path, folder] of this.#folders) survivor.#folders.set(path, folder.survivor());
    return survivor;
  }
}

/** The names of one place: those that are seen, and those that survive a loss of power. */
export class MemoryFolder implements Folder {
  readonly names = new Map<string, MemoryFile>();
  readonly #spares: MemoryFile[] = [];
  locked = false;
  #flushedNames = new Map<string, MemoryFile>();

  create(name: string): MemoryFile {
    const file = this.#spares.pop() ?? new MemoryFile();
    this.names.set(name, file);
    return file;
  }

  remove(name: string, reuse: boolean): void {
    if (reuse && this.#spares.length === 0) this.#spares.push(this.names.get(name)!);
    this.names.delete(name);
  }

  flush(file: MemoryFile): () => void {
    return () => {
      file.flush();
      this.flushNames();
    };
  }

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
const later =
  (disk: Disk): Answer =>
  async (work) => {
    await disk.pass?.();
    return work();
  };

function namesBehind(path: readonly string[], all: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const each of all) {
    const parts = each.split("/");
    if (parts.length > path.length && path.every((name, index) => name === parts[index])) {
      names.add(parts[path.length]!);
    }
  }
  return [...names];
}

function openPlace(disk: Disk, path: string, options: OpenPlaceOptions, answer: Answer): Place | undefined {
  if (options.mode === "read" && !disk.has(path)) return undefined;
  const folder = disk.folder(path);
  if (options.mode === "write") {
    if (folder.locked) {
      const message = `cannot open ${path} in memory for writing: it is open already`;
      throw new WalError("LOCKED", message, { log: path });
    }
    folder.locked = true;
  }
  const existing = (name: string): FileBytes => {
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
        return openFile(folder.create(name), folder, answer);
      }),
    remove: (name, { reuse }) =>
      answer(() => {
        existing(name);
        folder.remove(name, reuse);
      }),
    close: () =>
      answer(() => {
        if (options.mode === "write") folder.locked = false;
      }),
  };
}

function openFile(file: FileBytes, folder: Folder, answer: Answer): StoredFile {
  return {
    size: () => answer(() => file.size),
    read: (target, position) => answer(() => file.read(target, position)),
    write: (source, position) => answer(() => file.write(source, position)),
    truncate: (size) => answer(() => file.truncate(size)),
    flush: () => answer(folder.flush(file)),
    close: () => answer(() => undefined),
  };
}
