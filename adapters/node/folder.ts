/**
 * The folder that holds the files of a place, as far as its names are concerned: making it, and
 * making what changed in it survive power loss. It does not know what the names mean.
 */
import { closeSync, existsSync, fsync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Counts the changes of names in one folder, and how many of them are durable. A change counts as
 * durable only after a flush that began later has succeeded.
 */
export class Folder {
  readonly path: string;
  /** `undefined` where folders cannot be flushed. */
  #descriptor: number | undefined;
  #changes = 0;
  #durableChanges = 0;
  #running: Promise<void> | undefined;

  constructor(path: string) {
    this.path = path;
    this.#descriptor = canFlushFolders ? openSync(path, "r") : undefined;
  }

  /** The count of changes so far: a mark for `isDurable`. */
  get changes(): number {
    return this.#changes;
  }

  get isDirty(): boolean {
    return this.#durableChanges < this.#changes;
  }

  isDurable(changes: number): boolean {
    return this.#durableChanges >= changes;
  }

  /** To be called after each create, rename and removal. */
  markChanged(): void {
    this.#changes++;
  }

  flushNow(): void {
    const changes = this.#changes;
    if (this.#descriptor !== undefined) fsyncSync(this.#descriptor);
    this.#durableChanges = changes;
  }

  /**
   * One at a time: of two that overlap on one descriptor, only one would hear of an error. Whoever
   * comes while one is running shares its failure, and after a success that began too early to
   * cover the newest change takes another turn.
   */
  async flushLater(): Promise<void> {
    const wanted = this.#changes;
    while (!this.isDurable(wanted)) {
      this.#running ??= this.#flushOnce().finally(() => (this.#running = undefined));
      await this.#running;
    }
  }

  close(): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined || descriptor === closed) return;
    this.#descriptor = closed;
    closeSync(descriptor);
  }

  async #flushOnce(): Promise<void> {
    const changes = this.#changes;
    const descriptor = this.#descriptor;
    if (descriptor !== undefined) {
      await new Promise<void>((resolve, reject) => {
        fsync(descriptor, (error) => (error ? reject(error) : resolve()));
      });
    }
    this.#durableChanges = changes;
  }
}

/** Makes the folder and those above it that are missing, each durable before anything is put into it. */
export function makeFolder(path: string): void {
  const parent = dirname(path);
  const isThere = existsSync(path);
  if (!isThere) {
    makeFolder(parent);
    makeOneFolder(path);
  }
  flushNamesIn(parent, { ifReadable: isThere });
}

/** No descriptor: a flush on it fails, where the number of a closed one may be a file's by now. */
const closed = -1;

/** Windows opens no folder for flushing: there a new name is as durable as its journal makes it. */
const canFlushFolders = process.platform !== "win32";

function makeOneFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // Another opener was faster.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * Flushes also above a folder that was found, since an opener that was killed may have made it and not
 * come to flush it. There, a parent that may not be read is not one in which we made a name.
 */
function flushNamesIn(parent: string, { ifReadable }: { readonly ifReadable: boolean }): void {
  if (!canFlushFolders) return;
  let descriptor: number;
  try {
    descriptor = openSync(parent, "r");
  } catch (error) {
    if (ifReadable && isRefusal(error)) return;
    throw error;
  }
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isRefusal(error: unknown): boolean {
  const { code, name } = error as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EPERM" || name === "NotCapable"; // The last one is Deno's.
}
