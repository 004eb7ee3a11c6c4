/**
 * A storage of files in a folder, for Node, Bun and Deno. It brings together the folder of a place,
 * its lock, its spare files and the files themselves, and does not know what is written to them.
 */
import { lstatSync, readdirSync, renameSync, unlink, unlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { reasonOf, WalError } from "../../src/errors.ts";
import type { Place, Storage, StoredFile } from "../../src/storage.ts";
import { openFile } from "./file.ts";
import { Folder, makeFolder } from "./folder.ts";
import { orCoded } from "./full.ts";
import { type Lock, lockName, takeLock } from "./lock.ts";
import { Reserve, reserveName } from "./reserve.ts";
import { isSpare, Spares } from "./spares.ts";

export interface NodeStorageOptions {
  /**
   * `true` answers everything at once: fastest for a program that has nothing else to do, while in any
   * other each flush keeps the event loop as long as the disk takes. The default leaves the disk to
   * the runtime's threads, but for calls that are over in microseconds.
   */
  readonly blocking?: boolean;
  /**
   * How many removed files each place keeps to make new ones of, 1 by default. Writing over blocks
   * that the disk has given out already is faster than having a file grow.
   */
  readonly spareFiles?: number;
}

/**
 * Keeps each place in a folder of its own under `directory`, which is made when it is missing.
 *
 * @example
 * const storage = nodeStorage("./data");
 */
export function nodeStorage(directory: string, options: NodeStorageOptions = {}): Storage {
  if (typeof directory !== "string" || directory === "") {
    throw new TypeError(`directory must be a path, not ${JSON.stringify(directory)}`);
  }
  const { blocking = false, spareFiles = 1 } = options;
  if (!Number.isInteger(spareFiles) || spareFiles < 0) {
    throw new RangeError(`spareFiles must be a whole number from 0, not ${spareFiles}`);
  }
  const root = resolve(directory);
  // Linux alone is known to report a write error once on each description of a file.
  const flushesAtOnce = process.platform === "linux" && !blocking ? 3 : 1;

  return {
    name: `node ${directory}`,
    durability: "disk",
    flushesAtOnce,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    sleep,
    open(path, { mode }) {
      const folder = join(root, ...path);
      try {
        return mode === "read"
          ? openForReading(folder, blocking)
          : openForWriting(folder, { blocking, flushesAtOnce, spareFiles });
      } catch (error) {
        throw named(error, `${join(directory, ...path)} for ${mode === "read" ? "reading" : "writing"}`);
      }
    },
    list: (path) => listFolders(join(root, ...path)),
  };
}

export interface WritablePlaceParts {
  readonly folder: Folder;
  readonly lock: Lock;
  readonly spares: Spares;
  readonly reserve: Reserve;
  readonly blocking: boolean;
  readonly flushesAtOnce: number;
}

/** A place that is ours alone until it is closed. */
export class WritablePlace implements Place {
  readonly #folder: Folder;
  readonly #lock: Lock;
  readonly #spares: Spares;
  readonly #reserve: Reserve;
  readonly #file: { readonly blocking: boolean; readonly flushesAtOnce: number; readonly folder: Folder };

  constructor({ folder, lock, spares, reserve, blocking, flushesAtOnce }: WritablePlaceParts) {
    this.#folder = folder;
    this.#lock = lock;
    this.#spares = spares;
    this.#reserve = reserve;
    this.#file = { blocking, flushesAtOnce, folder };
  }

  /** The spares are found on the way: a folder of many files is slow to list. */
  list(): readonly string[] {
    const names = readdirSync(this.#folder.path);
    this.#spares.adopt(names);
    return names.filter((name) => !isOurs(name));
  }

  open(name: string): StoredFile {
    return openFile(this.#pathOf(name), { ...this.#file, flags: "r+" });
  }

  create(name: string): StoredFile {
    const path = this.#pathOf(name);
    // Nobody else makes names here, so none comes between this look and the rename of a spare file.
    if (lstatSync(path, { throwIfNoEntry: false })) throw existing(path);
    const spare = this.#spares.take();
    return spare === undefined ? this.#createEmpty(path) : this.#recycle(spare, path);
  }

  remove(name: string, { reuse }: { readonly reuse: boolean }): void | Promise<void> {
    const path = this.#pathOf(name);
    return this.#file.blocking ? this.#removeNow(path, reuse) : this.#removeLater(path, reuse);
  }

  async inReserve(work: () => Promise<void>): Promise<boolean> {
    if (!this.#reserve.spend()) return false;
    try {
      await work();
      return true;
    } finally {
      this.#reserve.keep();
    }
  }

  close(): void {
    this.#folder.close();
    this.#lock.release();
  }

  #createEmpty(path: string): StoredFile {
    try {
      return orCoded(() => openFile(path, { ...this.#file, flags: "wx+" }));
    } finally {
      this.#folder.markChanged();
    }
  }

  /** A spare that cannot be opened or renamed is not tried again. */
  #recycle(spare: string, path: string): StoredFile {
    const file = openFile(spare, { ...this.#file, flags: "r+" });
    try {
      renameSync(spare, path);
    } catch (error) {
      void file.close();
      throw error;
    }
    this.#folder.markChanged();
    return file;
  }

  #removeNow(path: string, reuse: boolean): void {
    if (reuse && this.#spares.keep(path)) return;
    try {
      unlinkSync(path);
      this.#reserve.keep();
    } finally {
      this.#folder.markChanged();
    }
  }

  /** Giving back the blocks of a large file takes milliseconds; renaming it does not. */
  async #removeLater(path: string, reuse: boolean): Promise<void> {
    if (reuse && this.#spares.keep(path)) return;
    try {
      await new Promise<void>((done, fail) => unlink(path, (error) => (error ? fail(error) : done())));
      this.#reserve.keep();
    } finally {
      this.#folder.markChanged();
    }
  }

  #pathOf(name: string): string {
    if (isOurs(name)) throw new TypeError(`${name} is a name that the storage keeps for itself.`);
    return join(this.#folder.path, name);
  }
}

type WritableOptions = Required<NodeStorageOptions> & { readonly flushesAtOnce: number };

function openForWriting(path: string, { spareFiles, ...options }: WritableOptions): Place {
  makeFolder(path);
  const lock = takeLock(join(path, lockName));
  let folder: Folder | undefined;
  try {
    folder = new Folder(path);
    const spares = new Spares(folder, spareFiles);
    const reserve = new Reserve(join(path, reserveName));
    // What the last holder did to names may not be durable, and from here on it is built upon.
    folder.flushNow();
    return new WritablePlace({ folder, lock, spares, reserve, ...options });
  } catch (error) {
    folder?.close();
    lock.release();
    throw error;
  }
}

function openForReading(path: string, blocking: boolean): Place | undefined {
  try {
    listFiles(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const refuse = () => {
    throw new TypeError(`${path} was opened for reading: nothing can be created or removed in it.`);
  };
  return {
    list: () => listFiles(path),
    open: (name) => openFile(join(path, name), { flags: "r", blocking, flushesAtOnce: 1 }),
    create: refuse,
    remove: refuse,
    close() {},
  };
}

function listFiles(path: string): string[] {
  return readdirSync(path).filter((name) => !isOurs(name));
}

function listFolders(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === "ENOTDIR") return [];
    throw error;
  }
}

function isOurs(name: string): boolean {
  return name === lockName || name === reserveName || isSpare(name);
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function existing(path: string): Error {
  return Object.assign(new Error(`EEXIST: file already exists, create '${path}'`), { code: "EEXIST" });
}

/** An error of opening as callers catch it: with a code, and the place that it is about. */
function named(error: unknown, place: string): WalError {
  const message = `Cannot open ${place}: ${reasonOf(error)}`;
  return error instanceof WalError
    ? new WalError(error.code, message, { cause: error.cause })
    : new WalError("UNAVAILABLE", message, { cause: error });
}

function sleep(ms: number): Promise<void> {
  return new Promise((wake) => {
    if (ms <= 0) setImmediate(wake);
    else setTimeout(wake, Math.min(ms, timerMsMax));
  });
}

/** A longer timer would fire at once. */
const timerMsMax = 2 ** 31 - 1;
