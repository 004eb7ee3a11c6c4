/**
 * The open files of one place. Writer and readers share one handle a file, because some backends
 * allow no second one, and a file is removed only when nobody is in the middle of reading it.
 */
import { reasonOf, WalError } from "../errors.ts";
import type { Eventually, Place, StoredFile } from "../storage.ts";
import { isPromise } from "./eventually.ts";

/** Idle handles that are kept open, besides those in use. */
const idleMax = 16;

interface Handle {
  readonly name: string;
  file: StoredFile;
  users: number;
  /** Called when the last user has gone, where somebody waits to remove the file. */
  whenIdle: (() => void) | undefined;
}

export class Files {
  readonly #place: Place;
  readonly #label: string;
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
    this.#handles.set(name, { name, file, users: 1, whenIdle: undefined });
    return file;
  }

  /** Opens a file if it is not open, and counts one more user of it. */
  acquire(name: string): Eventually<StoredFile> {
    const known = this.#handles.get(name);
    if (known === undefined) return this.#open(name);
    if (isPromise(known)) return known.then(use);
    // Used last, so evicted last.
    this.#handles.delete(name);
    this.#handles.set(name, known);
    return use(known);
  }

  release(name: string): void {
    const handle = this.#handles.get(name);
    if (handle === undefined || isPromise(handle)) return;
    handle.users--;
    if (handle.users > 0) return;
    handle.whenIdle?.();
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

  /** Waits for whoever reads the file right now and closes it, if it is open. */
  async close(name: string): Promise<void> {
    const handle = await this.#handles.get(name);
    if (handle === undefined) return;
    if (handle.users > 0) await new Promise<void>((resolve) => (handle.whenIdle = resolve));
    this.#handles.delete(name);
    await handle.file.close();
  }

  /** Closes everything, and then throws what the first file that would not close threw. */
  async closeAll(): Promise<void> {
    let failure: { error: unknown } | undefined;
    const names = Array.from(this.#handles.keys());
    for (const name of names) await this.close(name).catch((error: unknown) => (failure ??= { error }));
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
      const handle: Handle = { name, file, users: 0, whenIdle: undefined };
      this.#handles.set(name, handle);
      return handle;
    };
    let file: Eventually<StoredFile>;
    try {
      file = this.#place.open(name);
    } catch (cause) {
      throw this.#readFailed("open", name, cause);
    }
    if (!isPromise(file)) return use(opened(file));
    const handle = file.then(opened, (cause) => {
      this.#handles.delete(name);
      throw this.#readFailed("open", name, cause);
    });
    this.#handles.set(name, handle);
    return handle.then(use);
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
      void (async () => handle.file.close())().catch(() => undefined);
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
