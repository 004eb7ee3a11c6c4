/**
 * A storage in the origin private file system of a browser, for dedicated workers. Reads, writes and flushes
 * answer at once. It brings together a folder, its lock and its pool of files, and does not know what is
 * written to them.
 */
import { reasonOf } from "../../src/errors.ts";
import type { Place, Storage, StoredFile } from "../../src/storage.ts";
import type { SparingPlace } from "../web/budget.ts";
import { clock } from "../web/clock.ts";
import { storedFile } from "./file.ts";
import { folderAt, foldersIn, lock, named, type SyncHandle } from "./platform.ts";
import { Pool } from "./pool.ts";
import { Snapshot } from "./snapshot.ts";

export interface OpfsStorageOptions {
  /** The folder that holds everything, `walkabout` by default. */
  readonly directory?: string | undefined;
  /** How many files each place keeps ready for new segments, 2 by default. */
  readonly spareFiles?: number | undefined;
  /**
   * How old a new file is when a loss of power can no longer take its name, in ms. Until then flushes
   * answer `os`. The default is 0 in Firefox, where names are as durable as bytes, and 150,000 elsewhere:
   * Chromium leaves names to the system, which writes them down within 35 s as a rule, and within
   * 120 s on some battery-powered machines.
   */
  readonly settleMs?: number | undefined;
}

/**
 * Keeps each place in a folder of its own. Opening rejects with `UNAVAILABLE` where handles cannot be had:
 * outside of dedicated workers, and in browsers without them.
 *
 * @example
 * const storage = opfsStorage(); // in a worker
 */
export function opfsStorage(options: OpfsStorageOptions = {}): Storage {
  const { directory = "walkabout", spareFiles = 2, settleMs = isFirefox() ? 0 : 150_000 } = options;
  if (typeof directory !== "string" || directory === "") {
    throw new TypeError(`directory must be a name, not ${JSON.stringify(directory)}`);
  }
  if (!Number.isInteger(spareFiles) || spareFiles < 0) {
    throw new RangeError(`spareFiles must be a whole number from 0, not ${spareFiles}`);
  }
  if (!(settleMs >= 0)) throw new RangeError(`settleMs must be a number from 0, not ${settleMs}`);
  return {
    ...clock,
    name: `opfs ${directory}`,
    durability: "disk",
    flushesAtOnce: 1,
    async open(path, { mode }) {
      const all = [...directory.split("/").filter((name) => name !== ""), ...path];
      const label = all.join("/");
      try {
        const folder = await folderAt(all, { create: mode === "write" });
        if (folder === undefined) return undefined;
        if (mode === "read") return new Snapshot(folder);
        return await openForWriting(folder, label, new Pool(folder, { spareFiles, settleMs }));
      } catch (error) {
        throw named(error, `${label} in the origin private file system`);
      }
    },
    list: (path) => foldersIn([...directory.split("/").filter((name) => name !== ""), ...path]),
  };
}

/** Tries to open a handle, since some browsers have the method alone. Answers why that failed, if it did. */
export async function whyNoHandles(options: OpfsStorageOptions = {}): Promise<string | undefined> {
  const directory = `${options.directory ?? "walkabout"}-probe`;
  const path = [String(performance.timeOrigin), String(Math.random())];
  try {
    await (await opfsStorage({ directory, spareFiles: 0 }).open(path, { mode: "write" }))!.close();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    const folder = await folderAt([directory], { create: false }).catch(() => undefined);
    await folder?.removeEntry(path[0]!, { recursive: true }).catch(() => undefined);
  }
}

async function openForWriting(folder: FileSystemDirectoryHandle, label: string, pool: Pool): Promise<Place> {
  const held = await lock(folder, label);
  try {
    await pool.load();
    return new WritablePlace(label, pool, held);
  } catch (error) {
    await pool.close();
    held.close();
    throw error;
  }
}

/** A place that is ours alone until it is closed. */
class WritablePlace implements SparingPlace {
  readonly #label: string;
  readonly #pool: Pool;
  readonly #lock: SyncHandle;

  constructor(label: string, pool: Pool, held: SyncHandle) {
    this.#label = label;
    this.#pool = pool;
    this.#lock = held;
  }

  list(): readonly string[] {
    return this.#pool.names();
  }

  async open(name: string): Promise<StoredFile> {
    const file = this.#existing(name);
    await file.open();
    return storedFile(file, () => this.#pool.flush(file));
  }

  async create(name: string): Promise<StoredFile> {
    if (this.#pool.find(name) !== undefined)
      throw new Error(`there is a file ${name} in ${this.#label} already`);
    const file = await this.#pool.create(name);
    return storedFile(file, () => this.#pool.flush(file));
  }

  async remove(name: string, { reuse }: { readonly reuse: boolean }): Promise<void> {
    await this.#pool.remove(this.#existing(name), name, reuse);
  }

  giveBack(): Promise<void> {
    return this.#pool.giveBack();
  }

  async close(): Promise<void> {
    try {
      await this.#pool.close();
    } finally {
      this.#lock.close();
    }
  }

  #existing(name: string): ReturnType<Pool["find"]> & object {
    const file = this.#pool.find(name);
    if (file === undefined) throw new Error(`there is no file ${name} in ${this.#label}`);
    return file;
  }
}

/** In Firefox a name was there after every loss of power that was tried (see the README). */
function isFirefox(): boolean {
  const { navigator } = globalThis as { navigator?: Partial<Navigator> };
  return /\bFirefox\//.test(navigator?.userAgent ?? "");
}
