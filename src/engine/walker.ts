/**
 * Walks the batches of one segment from a known batch boundary, and verifies each. It says where
 * and how the valid bytes end; what that means is for others to judge.
 */
import { WalError } from "../errors.ts";
import { type BatchHeader, endOf, readBatchHeader } from "../format/batch-header.ts";
import { checksum } from "../format/checksum.ts";
import { attribute, batchHeader as layout } from "../format/layout.ts";
import { Chunks, type ChunksOptions } from "./chunks.ts";
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

export interface WalkerOptions extends ChunksOptions {
  readonly epoch: number;
  readonly from: Boundary;
}

const known = attribute.control | attribute.producer;
/** A payload of this size takes longer to read than a header by itself. */
const skippedBytesMin = 64 * 1024;

export class Walker {
  readonly #chunks: Chunks;
  readonly #options: WalkerOptions;
  #boundary: Boundary;
  /** How much is read with the next header, if not the usual. */
  #chunkBytes: number | undefined;

  constructor(files: Files, options: WalkerOptions) {
    this.#chunks = new Chunks(files, options);
    this.#options = options;
    this.#boundary = options.from;
  }

  /** Where the next batch begins. */
  get boundary(): Boundary {
    return this.#boundary;
  }

  /**
   * The next batch, if it ends at or before `limit`, and otherwise why not. The payload of a batch whose
   * records all lie before `from` is skipped unverified, unless it has one of the attributes that are `wanted`.
   */
  async next(limit: number, from = 0, wanted: number = attribute.control): Promise<WalkedBatch | Stop> {
    const { position, offset, checksum: previous } = this.#boundary;
    const chunks = this.#chunks;
    const loading = chunks.load(position, layout.bytes, limit, this.#chunkBytes);
    if (isPromise(loading)) await loading;
    if (chunks.end - position < layout.bytes) return this.#isZero(position, chunks.end);
    const header = readBatchHeader(chunks.view, position - chunks.start, position);
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
    const isSkipped = next <= from && (header.attributes & wanted) === 0;
    this.#chunkBytes = isSkipped && header.length >= skippedBytesMin ? layout.bytes : undefined;
    if (!isSkipped) {
      const payload = chunks.load(position, layout.bytes + header.length, limit);
      if (isPromise(payload)) await payload;
      if (chunks.end < end) return "damaged";
      const at = position + layout.bytes - chunks.start;
      if (checksum(chunks.view, at, at + header.length) !== header.payloadChecksum) return "damaged";
    }
    this.#boundary = { position: end, offset: next, checksum: header.checksum };
    const at = position + layout.bytes - chunks.start;
    return { header, bytes: chunks.bytes, view: chunks.view, at };
  }

  #isZero(start: number, end: number): Stop {
    if (start >= end) return "end";
    const chunks = this.#chunks;
    const bytes = chunks.bytes.subarray(start - chunks.start, end - chunks.start);
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
