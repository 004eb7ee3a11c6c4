/**
 * A storage in IndexedDB, for pages, workers and service workers. Each place is a database of its own, so
 * that no tab waits for another one's transactions, and its lock is a Web Lock.
 */
import { reasonOf, WalError } from "../../src/errors.ts";
import type { Place, Storage, StoredFile } from "../../src/storage.ts";
import { clock } from "../web/clock.ts";
import { takeWebLock, type WebLock } from "../web/lock.ts";
import { deleteChunks, readChunks } from "./chunks.ts";
import { Connection } from "./connection.ts";
import { ChunkedFile } from "./file.ts";

export interface IndexedDbStorageOptions {
  /** What the names of the databases begin with, `walkabout` by default. */
  readonly database?: string | undefined;
}

/**
 * Keeps each place in a database of its own. A flush is one strict transaction.
 *
 * @example
 * const storage = indexedDbStorage();
 */
export function indexedDbStorage(options: IndexedDbStorageOptions = {}): Storage {
  const { database = "walkabout" } = options;
  if (typeof database !== "string" || database === "") {
    throw new TypeError(`database must be a name, not ${JSON.stringify(database)}`);
  }
  return {
    ...clock,
    name: `indexeddb ${database}`,
    durability: "disk",
    written: "memory",
    flushesAtOnce: 1,
    async open(path, { mode }) {
      const name = [database, ...path].join("/");
      try {
        return mode === "read" ? await openForReading(name) : await openForWriting(name);
      } catch (error) {
        if (error instanceof WalError) throw error;
        const message = `cannot open database ${name}: ${reasonOf(error)}`;
        throw new WalError("UNAVAILABLE", message, { log: name, cause: error });
      }
    },
    async list(path) {
      const before = `${[database, ...path].join("/")}/`;
      const names = (await indexedDB.databases()).map(({ name = "" }) => name);
      const behind = names.filter((name) => name.startsWith(before)).map((name) => name.slice(before.length));
      return [...new Set(behind.map((rest) => rest.split("/")[0]!))];
    },
  };
}

async function openForWriting(name: string): Promise<Place> {
  const lock = await takeWebLock(`walkabout ${name}`);
  if (lock === undefined) {
    const message = `cannot open database ${name} for writing: another tab or worker has it open`;
    throw new WalError("LOCKED", message, { log: name });
  }
  const connection = new Connection(name);
  try {
    await connection.connect({ create: true });
    const place = new WritablePlace(connection, lock);
    await place.load();
    return place;
  } catch (error) {
    connection.close();
    lock.release();
    throw error;
  }
}

/** A place that is ours alone until it is closed. */
class WritablePlace implements Place {
  readonly #connection: Connection;
  readonly #lock: WebLock;
  readonly #files = new Map<string, ChunkedFile>();

  constructor(connection: Connection, lock: WebLock) {
    this.#connection = connection;
    this.#lock = lock;
  }

  async load(): Promise<void> {
    const files = (await this.#connection.read()).objectStore("files");
    const [names, about] = await Promise.all([files.getAllKeys(), files.getAll()]);
    for (const [index, name] of names.entries()) this.#files.set(name, this.#file(name, about[index]!.size));
  }

  async list(): Promise<readonly string[]> {
    return [...this.#files.keys()];
  }

  async open(name: string): Promise<StoredFile> {
    const file = this.#files.get(name);
    if (file === undefined) throw this.#missing(name);
    return file.handle();
  }

  async create(name: string): Promise<StoredFile> {
    this.#assertOurs();
    if (this.#files.has(name)) throw new Error(`there is a file ${name} in ${this.#connection.name} already`);
    const file = this.#file(name, undefined);
    this.#files.set(name, file);
    return file.handle();
  }

  /** The removal is a strict transaction by itself: it is rare, and gives the space back at once. */
  async remove(name: string): Promise<void> {
    this.#assertOurs();
    if (!this.#files.has(name)) throw this.#missing(name);
    await this.#connection.change("strict", function* (transaction) {
      yield transaction.objectStore("files").delete(name);
      yield deleteChunks(transaction, name, 0);
    });
    this.#files.delete(name);
  }

  async close(): Promise<void> {
    this.#connection.close();
    this.#lock.release();
  }

  #file(name: string, storedSize: number | undefined): ChunkedFile {
    return new ChunkedFile(this.#connection, name, storedSize, () => this.#assertOurs());
  }

  #assertOurs(): void {
    if (!this.#lock.isLost) return;
    throw new Error(`the lock of ${this.#connection.name} was taken away`);
  }

  #missing(name: string): Error {
    return new Error(`there is no file ${name} in ${this.#connection.name}`);
  }
}

/** Each call looks anew, since somebody else may be writing. */
async function openForReading(name: string): Promise<Place | undefined> {
  const connection = new Connection(name);
  if (!(await connection.connect({ create: false }))) return undefined;
  const sizeOf = async (file: string): Promise<number> => {
    const about = await (await connection.read()).objectStore("files").get(file);
    if (about === undefined) throw new Error(`there is no file ${file} in ${name}`);
    return about.size;
  };
  const refuse = (): never => {
    throw new TypeError(`${name} was opened for reading: nothing in it can be changed`);
  };
  return {
    list: async () => (await connection.read()).objectStore("files").getAllKeys(),
    async open(file) {
      await sizeOf(file);
      return {
        size: () => sizeOf(file),
        async read(target, position) {
          const transaction = await connection.read();
          const about = await transaction.objectStore("files").get(file);
          const count = Math.max(0, Math.min(target.length, (about?.size ?? 0) - position));
          if (count === 0) return 0;
          await readChunks(transaction, file, target.subarray(0, count), position, () => false);
          return count;
        },
        write: async () => refuse(),
        truncate: async () => refuse(),
        flush: async () => refuse(),
        async close() {},
      };
    },
    create: async () => refuse(),
    remove: async () => refuse(),
    close: async () => connection.close(),
  };
}
