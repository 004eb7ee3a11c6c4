/**
 * Walks the batches of one segment from a known batch boundary, and verifies each. It says where
 * and how the valid bytes end; what that means is for others to judge.
 */
import { WalError } from "../errors.ts";
import { type BatchHeader, endOf, readBatchHeader } from "../format/batch-header.ts";
import { checksum } from "../format/checksum.ts";
import { attribute, batchHeader as layout } from "../format/layout.ts";
import { isPromise } from "./eventually.ts";
import type { Files } from "./files.ts";

/** A batch boundary, with all that is needed to trust what comes next. */
export interface Boundary {
  readonly position: number;
  /** The offset that the next record has. */
  readonly offset: number;
  /** The checksum of the header of the batch that ends here. */
  readonly checksum: number;
}

/** A verified batch: its payload begins at `at` of `bytes`. */
export interface WalkedBatch {
  readonly header: BatchHeader;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly at: number;
}

/** Why there is no further batch: the file ends, is zero from here, or holds something else. */
export type Stop = "end" | "zeros" | "damaged";

export interface WalkerOptions {
  readonly name: string;
  readonly epoch: number;
  readonly from: Boundary;
  /** How much is read at a time, if the batches are not larger. */
  readonly chunkBytes: number;
  /** Whether each chunk has a buffer of its own, because views of it are handed out. */
  readonly keepsChunks: boolean;
}

const known = attribute.control | attribute.producer;

export class Walker {
  readonly #files: Files;
  readonly #options: WalkerOptions;
  #boundary: Boundary;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #chunkStart = 0;
  #chunkEnd = 0;

  constructor(files: Files, options: WalkerOptions) {
    this.#files = files;
    this.#options = options;
    this.#boundary = options.from;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Where the next batch begins. */
  get boundary(): Boundary {
    return this.#boundary;
  }

  /**
   * The next batch, if it ends at or before `limit`, and otherwise why not. The payload of a
   * batch whose records all lie before `from` is skipped unverified.
   */
  async next(limit: number, from = 0): Promise<WalkedBatch | Stop> {
    const { position, offset, checksum: previous } = this.#boundary;
    const loading = this.#load(position, layout.bytes, limit);
    if (isPromise(loading)) await loading;
    if (this.#chunkEnd - position < layout.bytes) return this.#isZero(position, this.#chunkEnd);
    const header = readBatchHeader(this.#view, position - this.#chunkStart, position);
    if (header === undefined) return this.#isZero(position, position + layout.bytes);
    if (
      header.epoch !== this.#options.epoch ||
      header.baseOffset !== offset ||
      header.previousChecksum !== previous
    ) {
      return "damaged";
    }
    if ((header.attributes & ~known) !== 0) throw this.#unknownAttributes(header);
    const end = endOf(header);
    if (end > limit) return "damaged";
    const next = header.baseOffset + header.count;
    if (next > from || header.attributes & attribute.control) {
      const payload = this.#load(position, layout.bytes + header.length, limit);
      if (isPromise(payload)) await payload;
      if (this.#chunkEnd < end) return "damaged";
      const at = position + layout.bytes - this.#chunkStart;
      if (checksum(this.#view, at, at + header.length) !== header.payloadChecksum) return "damaged";
    }
    this.#boundary = { position: end, offset: next, checksum: header.checksum };
    const at = position + layout.bytes - this.#chunkStart;
    return { header, bytes: this.#bytes, view: this.#view, at };
  }

  /** Forgets what was read, so that the next step sees what the file holds by then. */
  refresh(): void {
    this.#chunkEnd = this.#chunkStart;
  }

  /** Makes `[position, position + count)` lie in the chunk, as far as `limit` and the file go. */
  #load(position: number, count: number, limit: number): void | Promise<void> {
    const wanted = Math.min(position + count, limit);
    if (position >= this.#chunkStart && wanted <= this.#chunkEnd) return;
    const size = Math.max(0, Math.min(Math.max(count, this.#options.chunkBytes), limit - position));
    if (this.#options.keepsChunks || size > this.#bytes.length) {
      this.#bytes = new Uint8Array(size);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#chunkStart = position;
    this.#chunkEnd = position;
    const read = this.#files.read(this.#options.name, this.#bytes.subarray(0, size), position);
    const done = (bytesRead: number): void => {
      this.#chunkEnd = position + bytesRead;
    };
    return isPromise(read) ? read.then(done) : done(read);
  }

  #isZero(start: number, end: number): Stop {
    if (start >= end) return "end";
    const bytes = this.#bytes.subarray(start - this.#chunkStart, end - this.#chunkStart);
    return bytes.every((byte) => byte === 0) ? "zeros" : "damaged";
  }

  #unknownAttributes(header: BatchHeader): WalError {
    const { name } = this.#options;
    const flags = `0x${header.attributes.toString(16)}`;
    return new WalError(
      "FORMAT",
      `cannot read the batch at position ${header.position} of ${name}: its attributes ${flags} hold a flag that this release does not know`,
      { segment: name, position: header.position, first: header.baseOffset },
    );
  }
}
