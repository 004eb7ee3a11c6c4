/**
 * One file of a place that is open for writing. What is written is kept in memory until a flush puts it all
 * into the database in one strict transaction: either all of it is there then, or the flush has failed.
 */
import type { Durability, StoredFile } from "../../src/storage.ts";
import { chunkBytes, copyChunk, deleteChunks, indexRange, readChunks } from "./chunks.ts";
import type { Ask, Connection, WriteTransaction } from "./connection.ts";

export class ChunkedFile {
  readonly #connection: Connection;
  readonly #name: string;
  readonly #assertOurs: () => void;
  #size: number;
  /** In the database; `undefined` before the first flush. */
  #storedSize: number | undefined;
  /** Written since the last flush, and being flushed. */
  #written = new Map<number, Uint8Array>();
  #flushing = new Map<number, Uint8Array>();
  /** The last chunk that was flushed, which is the one that the next write adds to. */
  #last: { readonly index: number; readonly bytes: Uint8Array } | undefined;
  /** Chunks from this one on were cut off since the last flush, before anything was written. */
  #cut = Infinity;
  #failed = false;
  /** What changes the file is done in the order of the calls. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection, name: string, storedSize: number | undefined, assertOurs: () => void) {
    this.#connection = connection;
    this.#name = name;
    this.#assertOurs = assertOurs;
    this.#size = storedSize ?? 0;
    this.#storedSize = storedSize;
  }

  /** A handle on it. */
  handle(): StoredFile {
    return {
      size: async () => this.#size,
      read: (target, position) => this.#read(target, position),
      write: (source, position) => this.#inOrder(() => this.#write(source, position)),
      truncate: (size) => this.#inOrder(() => this.#truncate(size)),
      flush: () => this.#inOrder(() => this.#flush("strict")),
      close: () => this.#inOrder(() => this.#leave()),
    };
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async #read(target: Uint8Array, position: number): Promise<number> {
    const count = Math.max(0, Math.min(target.length, this.#size - position));
    if (count === 0) return 0;
    const part = target.subarray(0, count);
    const held = new Map<number, Uint8Array>();
    const [first, next] = indexRange(position, count);
    for (let index = first; index < next; index++) {
      const chunk = this.#held(index);
      if (chunk !== undefined) held.set(index, chunk.slice());
    }
    if (held.size < next - first) {
      const skip = (index: number): boolean => held.has(index);
      await readChunks(await this.#connection.read(), this.#name, part, position, skip);
    }
    for (const [index, chunk] of held) copyChunk(chunk, index, part, position);
    return count;
  }

  async #write(source: Uint8Array, position: number): Promise<number> {
    const [first, next] = indexRange(position, source.length);
    for (let index = first; index < next; index++) {
      const at = index * chunkBytes - position;
      const isWhole = at >= 0 && at + chunkBytes <= source.length;
      const chunk = isWhole ? this.#blank(index) : await this.#writable(index);
      chunk.set(source.subarray(Math.max(0, at), at + chunkBytes), Math.max(0, -at));
    }
    this.#size = Math.max(this.#size, position + source.length);
    return source.length;
  }

  async #truncate(size: number): Promise<void> {
    if (size < this.#size) {
      const [index] = indexRange(size, 0);
      if (size % chunkBytes > 0) (await this.#writable(index)).fill(0, size % chunkBytes);
      const next = Math.ceil(size / chunkBytes);
      this.#cut = Math.min(this.#cut, next);
      for (const each of this.#written.keys()) if (each >= next) this.#written.delete(each);
    }
    this.#size = size;
  }

  /** What was written and not flushed outlives the program, as it does in a file. */
  async #leave(): Promise<void> {
    const isChanged = this.#written.size > 0 || this.#cut < Infinity || this.#size !== this.#storedSize;
    if (isChanged && !this.#failed) await this.#flush("relaxed");
  }

  async #flush(durability: "strict" | "relaxed"): Promise<Durability | undefined> {
    this.#assertOurs();
    if (this.#failed) throw new Error(`an earlier flush of ${this.#name} failed`);
    this.#flushing = this.#written;
    this.#written = new Map();
    try {
      return (await this.#store(durability)) ? undefined : "os";
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  async #store(durability: "strict" | "relaxed"): Promise<boolean> {
    const isStrict = await this.#connection.change(durability, (transaction) => this.#changes(transaction));
    const lastIndex = Math.max(-1, ...this.#flushing.keys());
    if (lastIndex >= 0) this.#last = { index: lastIndex, bytes: this.#flushing.get(lastIndex)! };
    else if (this.#last !== undefined && this.#last.index >= this.#cut) this.#last = undefined;
    this.#flushing = new Map();
    this.#cut = Infinity;
    this.#storedSize = this.#size;
    return isStrict;
  }

  *#changes(transaction: WriteTransaction): ReturnType<Ask> {
    if (this.#cut < Infinity) yield deleteChunks(transaction, this.#name, this.#cut);
    for (const [index, bytes] of this.#flushing) {
      // What is put is copied at once.
      const used = Math.min(chunkBytes, this.#size - index * chunkBytes);
      yield transaction.objectStore("chunks").put(bytes.subarray(0, used).slice(), [this.#name, index]);
    }
    // Also where nothing else has changed: a transaction without a change need not reach the disk.
    yield transaction.objectStore("files").put({ size: this.#size }, this.#name);
  }

  /** A chunk as it is in memory, if it is. */
  #held(index: number): Uint8Array | undefined {
    const written = this.#written.get(index) ?? this.#flushing.get(index);
    if (written !== undefined) return written;
    if (index >= this.#cut) return zeros;
    return this.#last?.index === index ? this.#last.bytes : undefined;
  }

  #blank(index: number): Uint8Array {
    const chunk = new Uint8Array(chunkBytes);
    this.#written.set(index, chunk);
    return chunk;
  }

  /** A chunk to write into, with what it holds so far. */
  async #writable(index: number): Promise<Uint8Array> {
    const written = this.#written.get(index);
    if (written !== undefined) return written;
    const held = this.#held(index);
    const isStored = held === undefined && index * chunkBytes < (this.#storedSize ?? 0);
    const stored = new Uint8Array(isStored ? chunkBytes : 0);
    if (isStored) {
      const transaction = await this.#connection.read();
      await readChunks(transaction, this.#name, stored, index * chunkBytes, () => false);
    }
    const chunk = this.#blank(index);
    chunk.set(held ?? stored);
    return chunk;
  }
}

const zeros = new Uint8Array(chunkBytes);
