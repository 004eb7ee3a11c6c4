/**
 * The open files of one place. Writer and readers share one handle a file, because some backends
 * allow no second one, and a file is removed only when nobody is in the middle of reading it.
 */
import { reasonOf, WalError } from "../errors.ts";
import type { Eventually, Place, StoredFile } from "../storage.ts";
import { isPromise } from "./eventually.ts";

/** How many handles are kept open, unless more are in use. */
const idleMax = 16;

interface Handle {
  readonly name: string;
  file: StoredFile;
  users: number;
  /** Called when the last user has gone, for those who wait to close the file. */
  readonly whenIdle: (() => void)[];
}

export class Files {
  readonly #place: Place;
  readonly #label: string;
  #isEnded = false;
  /** Idle handles that are being closed. */
  readonly #closing = new Map<string, Promise<void>>();
  /** In the order of their last use. */
  readonly #handles = new Map<string, Eventually<Handle>>();

  constructor(place: Place, label: string) {
    this.#place = place;
    this.#label = label;
  }

  async list(): Promise<readonly string[]> {
    try {
      return await this.#place.list();
    } catch (cause) {
      throw this.#readFailed("list the files", undefined, cause);
    }
  }

  /** Creates a file, which counts as in use until it is released. */
  async create(name: string): Promise<StoredFile> {
    const file = await this.#place.create(name);
    this.#handles.set(name, { name, file, users: 1, whenIdle: [] });
    return file;
  }

  /** Opens a file if it is not open, and counts one more user of it. */
  acquire(name: string): Eventually<StoredFile> {
    if (this.#isEnded) throw new WalError("CLOSED", `cannot use log ${this.#label}: it was closed`);
    const known = this.#handles.get(name);
    if (known === undefined) {
      const closing = this.#closing.get(name);
      return closing === undefined ? this.#open(name) : closing.then(() => this.acquire(name));
    }
    if (isPromise(known)) return known.then(use);
    // Used last, so evicted last.
    this.#handles.delete(name);
    this.#handles.set(name, known);
    return use(known);
  }

  /** Counts one more user of a file that is in use already. */
  retain(name: string): void {
    const handle = this.#handles.get(name);
    if (handle !== undefined && !isPromise(handle)) handle.users++;
  }

  release(name: string): void {
    const handle = this.#handles.get(name);
    if (handle === undefined || isPromise(handle)) return;
    handle.users--;
    if (handle.users > 0) return;
    for (const idle of handle.whenIdle.splice(0)) idle();
    this.#evict();
  }

  /** Reads all of `target` from a file, or up to the file's end, and answers the count. */
  read(name: string, target: Uint8Array, position: number): Eventually<number> {
    const file = this.acquire(name);
    if (isPromise(file)) return file.then((opened) => this.#readOpen(name, opened, target, position));
    return this.#readOpen(name, file, target, position);
  }

  async size(name: string): Promise<number> {
    const file = await this.acquire(name);
    try {
      return await file.size();
    } catch (cause) {
      throw this.#readFailed("ask for the size of", name, cause);
    } finally {
      this.release(name);
    }
  }

  /** Waits for whoever reads the file right now, closes it as well as it goes, and removes it. */
  async remove(name: string, options: { readonly reuse: boolean }): Promise<void> {
    await this.close(name).catch(() => undefined);
    await this.#place.remove(name, options);
  }

  /** Answers `false`, having run nothing, where the storage keeps nothing for when it is full. */
  async inReserve(work: () => Promise<void>): Promise<boolean> {
    return (await this.#place.inReserve?.(work)) ?? false;
  }

  /** Waits for whoever reads the file right now and closes it, if it is open. */
  async close(name: string): Promise<void> {
    await this.#closing.get(name);
    const handle = await this.#handles.get(name);
    if (handle === undefined) return;
    while (handle.users > 0) await new Promise<void>((resolve) => handle.whenIdle.push(resolve));
    // Somebody else may have waited as well.
    if (this.#handles.get(name) !== handle) return;
    this.#handles.delete(name);
    await handle.file.close();
  }

  /** Like `closeAll`, and opens nothing any more. */
  end(): Promise<void> {
    this.#isEnded = true;
    return this.closeAll();
  }

  /** Closes everything, and then throws what the first file that would not close threw. */
  async closeAll(): Promise<void> {
    let failure: { error: unknown } | undefined;
    const names = Array.from(this.#handles.keys());
    for (const name of names) await this.close(name).catch((error: unknown) => (failure ??= { error }));
    await Promise.all(this.#closing.values());
    if (failure !== undefined) throw failure.error;
  }

  /** Closes everything, whoever uses it, as well as it goes: an error is on its way already. */
  async abandon(): Promise<void> {
    for (const [name, handle] of this.#handles) {
      this.#handles.delete(name);
      await Promise.resolve(handle)
        .then(({ file }) => file.close())
        .catch(() => undefined);
    }
  }

  #open(name: string): Eventually<StoredFile> {
    const opened = (file: StoredFile): Handle => {
      const handle: Handle = { name, file, users: 1, whenIdle: [] };
      this.#handles.set(name, handle);
      return handle;
    };
    let file: Eventually<StoredFile>;
    try {
      file = this.#place.open(name);
    } catch (cause) {
      throw this.#readFailed("open", name, cause);
    }
    if (!isPromise(file)) return opened(file).file;
    const handle = file.then(opened, (cause) => {
      this.#handles.delete(name);
      throw this.#readFailed("open", name, cause);
    });
    this.#handles.set(name, handle);
    return handle.then((each) => each.file);
  }

  #readOpen(name: string, file: StoredFile, target: Uint8Array, position: number): Eventually<number> {
    try {
      const count = file.read(target, position);
      if (!isPromise(count)) {
        this.release(name);
        return count;
      }
      return count.then(
        (read) => {
          this.release(name);
          return read;
        },
        (cause) => {
          this.release(name);
          throw this.#readFailed("read", name, cause);
        },
      );
    } catch (cause) {
      this.release(name);
      throw this.#readFailed("read", name, cause);
    }
  }

  /** Closes the handles that were idle longest. A handle that will not close is let go. */
  #evict(): void {
    let surplus = this.#handles.size - idleMax;
    for (const [name, handle] of this.#handles) {
      if (surplus <= 0) return;
      if (isPromise(handle) || handle.users > 0) continue;
      this.#handles.delete(name);
      surplus--;
      const closing = (async (): Promise<void> => handle.file.close())()
        .catch(() => undefined)
        .finally(() => this.#closing.delete(name));
      this.#closing.set(name, closing);
    }
  }

  #readFailed(action: string, name: string | undefined, cause: unknown): WalError {
    const object = name === undefined ? "" : ` ${name}`;
    const message = `cannot ${action}${object} of log ${this.#label}: ${reasonOf(cause)}`;
    return new WalError("READ_FAILED", message, { log: this.#label, ...(name && { segment: name }), cause });
  }
}

function use(handle: Handle): StoredFile {
  handle.users++;
  return handle.file;
}
