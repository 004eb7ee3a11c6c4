/**
 * The bytes of one file in chunks, read forward. Where reading takes a promise and every chunk has a
 * buffer of its own, the next chunk is read ahead while this one is worked on. It knows nothing of
 * what the bytes mean.
 */
import { isPromise } from "./eventually.ts";
import type { Files } from "./files.ts";

/** Room in front of a chunk that is read ahead, for the end of the one before. */
const headroomBytes = 256 * 1024;

interface Ahead {
  /** Where the bytes behind the headroom begin in the file. */
  readonly start: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: Promise<number>;
}

export interface ChunksOptions {
  readonly name: string;
  /** How much is read at a time, unless more is asked for; a mebibyte if nothing is said. */
  readonly chunkBytes?: number | undefined;
  /** Whether each chunk has a buffer of its own, because views of it are handed out. */
  readonly keepsChunks?: boolean;
}

const mebibyte = 1024 * 1024;

export class Chunks {
  readonly #files: Files;
  readonly #options: ChunksOptions;
  readonly #chunkBytes: number;
  #ahead: Ahead | undefined;
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  /** The position in the file of the first byte of `bytes`, and the one behind those that are valid. */
  start = 0;
  end = 0;

  constructor(files: Files, options: ChunksOptions) {
    this.#files = files;
    this.#options = options;
    this.#chunkBytes = options.chunkBytes ?? mebibyte;
  }

  /**
   * Makes `[position, position + count)` lie in the chunk, as far as `limit` and the file go. Whoever goes on far
   * behind it has no use for a whole chunk.
   */
  load(position: number, count: number, limit: number, chunkBytes = this.#chunkBytes): void | Promise<void> {
    const wanted = Math.min(position + count, limit);
    if (position >= this.start && wanted <= this.end) return;
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const joins = ahead?.start === this.end && position >= this.start && position <= this.end;
    if (ahead !== undefined && joins && this.end - position <= headroomBytes) {
      return this.#join(ahead, position, count, limit);
    }
    return this.#read(position, Math.max(count, chunkBytes), limit);
  }

  #read(position: number, count: number, limit: number): void | Promise<void> {
    const size = Math.max(0, Math.min(count, limit - position));
    if (this.#options.keepsChunks || size > this.bytes.length) this.#use(new Uint8Array(size));
    this.start = position;
    this.end = position;
    const read = this.#files.read(this.#options.name, this.bytes.subarray(0, size), position);
    if (!isPromise(read)) {
      this.end = position + read;
      return undefined;
    }
    return this.#readLater(read, size, limit);
  }

  async #readLater(read: Promise<number>, size: number, limit: number): Promise<void> {
    const bytesRead = await read;
    this.end = this.start + bytesRead;
    if (bytesRead === size && size >= this.#chunkBytes) this.#readAhead(limit);
  }

  #readAhead(limit: number): void {
    const { keepsChunks, name } = this.#options;
    const size = Math.min(this.#chunkBytes, limit - this.end);
    if (!keepsChunks || size <= 0) return;
    const bytes = new Uint8Array(headroomBytes + size);
    const count = Promise.resolve(this.#files.read(name, bytes.subarray(headroomBytes), this.end));
    // Whoever comes to use it hears of its failure.
    count.catch(() => undefined);
    this.#ahead = { start: this.end, bytes, count };
  }

  /** Goes on with what was read ahead, behind what is left of this chunk from `position` on. */
  async #join(ahead: Ahead, position: number, count: number, limit: number): Promise<void> {
    const bytesRead = await ahead.count;
    const left = this.bytes.subarray(position - this.start, this.end - this.start);
    const begin = headroomBytes - left.length;
    ahead.bytes.set(left, begin);
    this.#use(ahead.bytes.subarray(begin));
    this.start = position;
    this.end = ahead.start + bytesRead;
    if (bytesRead === ahead.bytes.length - headroomBytes) this.#readAhead(limit);
    if (Math.min(position + count, limit) > this.end) {
      this.#ahead = undefined;
      await this.load(position, count, limit);
    }
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}
