/**
 * One file of the pool: its handle, its head, and behind the head the bytes of the file that it stands for.
 * It knows nothing of the other files; what a flush has to cover besides, its place tells it.
 */
import type { Durability, StoredFile } from "../../src/storage.ts";
import { decodeHead, encodeHead, headBytes, type Use } from "./head.ts";
import { openHandle, type SyncHandle } from "./platform.ts";

export interface PoolFileParts {
  readonly number: number;
  readonly entry: FileSystemFileHandle;
  /** When it was created, or found without a proof that it has settled; on the clock that never goes back. */
  readonly since: number;
}

export class PoolFile {
  readonly number: number;
  readonly entry: FileSystemFileHandle;
  readonly since: number;
  use: Use = { kind: "free" };
  settled = false;
  /** Whether its head says so. */
  isSettledNoted = false;
  /** Whether its head was written and not flushed since. */
  isHeadDirty = false;
  /** Whether a write or flush failed: it is not used again. */
  failed = false;
  #sequence = 0;
  #handle: SyncHandle | undefined;
  #opening: Promise<SyncHandle> | undefined;
  #users = 0;

  constructor({ number, entry, since }: PoolFileParts) {
    this.number = number;
    this.entry = entry;
    this.since = since;
  }

  /** Answers whether it has a head, or can be given one because nothing else is in it. */
  async readHead(): Promise<boolean> {
    const blob = await this.entry.getFile();
    const head = decodeHead(new Uint8Array(await blob.slice(0, headBytes).arrayBuffer()));
    if (head === undefined) return blob.size <= headBytes;
    this.use = head.use;
    this.settled = head.settled;
    this.isSettledNoted = head.settled;
    this.#sequence = head.sequence;
    return true;
  }

  async open(): Promise<void> {
    this.#users++;
    try {
      this.#handle ??= await (this.#opening ??= openHandle(this.entry));
    } catch (error) {
      this.#users--;
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  /** Lets go of the handle, unless its head is still to be flushed. */
  release(): void {
    this.#users--;
    this.#closeIfIdle();
  }

  /** Needs to be open. Durable after the next flush. */
  setUse(use: Use): void {
    this.#writeHead(use, this.settled);
    this.use = use;
  }

  /** Writes down that it has settled. Needs to be open. */
  noteSettled(): void {
    this.#writeHead(this.use, this.settled);
  }

  /** Throws away everything in it, without a trace of old blocks. Needs to be open. */
  clear(): void {
    this.#attempt((handle) => handle.truncate(0));
    this.#writeHead({ kind: "free" }, this.settled);
  }

  flush(): void {
    this.#attempt((handle) => handle.flush());
    this.isHeadDirty = false;
    this.#closeIfIdle();
  }

  size(): number {
    return Math.max(0, this.#opened.getSize() - headBytes);
  }

  read(target: Uint8Array, position: number): number {
    return this.#opened.read(target, { at: headBytes + position });
  }

  write(source: Uint8Array, position: number): number {
    return this.#attempt((handle) => {
      const count = handle.write(source, { at: headBytes + position });
      if (count !== source.length) this.failed = true;
      return count;
    });
  }

  truncate(size: number): void {
    this.#attempt((handle) => handle.truncate(headBytes + size));
  }

  /** Closes the handle, whoever uses it. */
  abandon(): void {
    this.#users = 0;
    this.isHeadDirty = false;
    this.#closeIfIdle();
  }

  /** Never two heads without a flush between: a loss of power could take both slots. */
  #writeHead(use: Use, settled: boolean): void {
    if (this.isHeadDirty) this.flush();
    const { bytes, position } = encodeHead({ sequence: this.#sequence + 1, settled, use });
    this.#attempt((handle) => {
      const count = handle.write(bytes, { at: position });
      if (count !== bytes.length) throw new Error(`${count} of ${bytes.length} bytes of a head were written`);
    });
    this.#sequence++;
    this.isSettledNoted = settled;
    this.isHeadDirty = true;
  }

  #attempt<T>(work: (handle: SyncHandle) => T): T {
    try {
      return work(this.#opened);
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }

  get #opened(): SyncHandle {
    if (this.#handle === undefined) throw new Error(`pool file ${this.number} was closed`);
    return this.#handle;
  }

  #closeIfIdle(): void {
    if (this.#users > 0 || this.isHeadDirty) return;
    this.#handle?.close();
    this.#handle = undefined;
  }
}

/** The file that `pool` stands for. `flush` flushes all that it has to cover, and answers what that reached. */
export function storedFile(pool: PoolFile, flush: () => Durability | undefined): StoredFile {
  return {
    size: () => pool.size(),
    read: (target, position) => pool.read(target, position),
    write: (source, position) => pool.write(source, position),
    truncate: (size) => pool.truncate(size),
    flush,
    close: () => pool.release(),
  };
}
