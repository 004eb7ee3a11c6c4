/** Makes a log of an archive that `export.ts` has made, or a tar program. */
import { WalError } from "./errors.ts";
import { segmentHeader } from "./format/layout.ts";
import { decodeTopic, parseSegmentName, pathOf } from "./format/names.ts";
import { blockBytes, emptyBlock, pathOfExtension, readTarHeader, type TarEntry } from "./format/tar.ts";
import { checkAddress } from "./options.ts";
import { openPlace } from "./place.ts";
import type { Place, Storage, StoredFile } from "./storage.ts";

export interface ImportReport {
  readonly topic: string;
  readonly partition: number;
  readonly segments: number;
  readonly bytes: number;
}

/** The bytes of an archive: the body of a response, the chunks of a file, whatever gives them in order. */
export type ByteChunks =
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | {
      getReader(): {
        read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
        cancel(): Promise<unknown>;
      };
    };

const chunkBytes = 1024 * 1024;

/**
 * Makes a log of an archive, where none may be yet. When it fails, what it has made is removed again.
 * Rejects with `FORMAT` for what is no archive, and with `UNAVAILABLE`.
 */
export async function importLog(storage: Storage, chunks: ByteChunks): Promise<ImportReport> {
  const source = new Source(chunks);
  let target: Target | undefined;
  /** Of the next entry, where its name is too long for a header. */
  let path: readonly string[] | undefined;
  try {
    for (;;) {
      const block = await source.read(blockBytes);
      if (block.length < blockBytes) throw damaged("it is cut off");
      if (emptyBlock(block)) break;
      const header = readTarHeader(block);
      if (header === undefined) throw damaged("it is no tar archive, or a header of it is damaged");
      if (header.isExtension) {
        path = pathOfExtension(await source.padded(header.size));
        continue;
      }
      const entry = { ...header, path: path ?? header.path };
      path = undefined;
      const [topic, partition, name] = checkEntry(entry);
      target ??= await Target.open(storage, topic, partition);
      await target.add(entry, name, source);
    }
    if (target === undefined) throw damaged("it holds no segments");
    return await target.finish();
  } catch (error) {
    await target?.undo();
    throw error;
  } finally {
    await source.close();
  }
}

function checkEntry({ path, size }: TarEntry): [topic: string, partition: number, name: string] {
  const [folder = "", number = "", name = "", ...more] = path;
  const topic = decodeTopic(folder);
  const isSegment = parseSegmentName(name) !== undefined && more.length === 0 && size <= 2 ** 31;
  if (topic !== undefined && /^(0|[1-9]\d{0,9})$/.test(number) && isSegment)
    return [topic, Number(number), name];
  throw damaged(`it holds ${path.join("/")}, which is no segment of a log`);
}

/** The log that is being made. */
class Target {
  readonly #place: Place;
  readonly #topic: string;
  readonly #partition: number;
  readonly #names: string[] = [];
  #bytes = 0;

  private constructor(place: Place, topic: string, partition: number) {
    this.#place = place;
    this.#topic = topic;
    this.#partition = partition;
  }

  static async open(storage: Storage, topic: string, partition: number): Promise<Target> {
    const identity = checkAddress({ storage, topic, partition });
    const place = (await openPlace(storage, identity, "write"))!;
    const names = await place.list();
    if (!names.some((name) => parseSegmentName(name) !== undefined))
      return new Target(place, topic, partition);
    await place.close();
    throw unavailable(`import log ${identity.label}`, "there is a log already", identity.label);
  }

  /** The first 32 bytes are written last, so that a segment counts only when all of it is there. */
  async add({ path, size }: TarEntry, name: string, source: Source): Promise<void> {
    const [topic, partition] = pathOf(this.#topic, this.#partition);
    if (path[0] !== topic || path[1] !== partition) throw damaged("it holds more than one log");
    const file = await this.#place.create(name);
    this.#names.push(name);
    try {
      await file.truncate(0);
      const head = await this.#fill(file, size, source);
      await file.flush();
      if (head.length > 0) await write(file, head, 0);
      await file.flush();
    } finally {
      await file.close();
    }
    this.#bytes += size;
    await source.padded(0, size);
  }

  async finish(): Promise<ImportReport> {
    await this.#place.close();
    const [topic, partition] = [this.#topic, this.#partition];
    return { topic, partition, segments: this.#names.length, bytes: this.#bytes };
  }

  async undo(): Promise<void> {
    try {
      for (const name of this.#names) await this.#place.remove(name, { reuse: false });
    } finally {
      await this.#place.close();
    }
  }

  async #fill(file: StoredFile, size: number, source: Source): Promise<Uint8Array> {
    let head: Uint8Array = new Uint8Array(0);
    for (let position = 0; position < size;) {
      const chunk = await source.read(Math.min(chunkBytes, size - position));
      if (chunk.length < Math.min(chunkBytes, size - position)) throw damaged("it is cut off");
      if (position === 0) {
        head = chunk.slice(0, segmentHeader.bytes);
        chunk.fill(0, 0, segmentHeader.bytes);
      }
      await write(file, chunk, position);
      position += chunk.length;
    }
    return head;
  }
}

async function write(file: StoredFile, bytes: Uint8Array, position: number): Promise<void> {
  const count = await file.write(bytes, position);
  if (count !== bytes.length) throw new Error(`only ${count} of ${bytes.length} bytes were written`);
}

/** Safari's streams have a reader and cannot be iterated. */
function iteratorOf(chunks: ByteChunks): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  if (Symbol.asyncIterator in chunks) return chunks[Symbol.asyncIterator]();
  if (Symbol.iterator in chunks) return chunks[Symbol.iterator]();
  const reader = chunks.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done || value === undefined ? { done: true, value: undefined } : { done: false, value };
    },
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/** Chunks of any size, read in pieces of the size that is asked for. */
class Source {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(chunks: ByteChunks) {
    this.#chunks = iteratorOf(chunks);
  }

  /** A copy of the next `count` bytes, or of as many as there are. */
  async read(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      if (this.#chunk.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) break;
        this.#chunk = next.value;
        continue;
      }
      const part = this.#chunk.subarray(0, count - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
    return bytes.subarray(0, filled);
  }

  /** `count` bytes that must be there, and the padding of an entry of `size` bytes behind them. */
  async padded(count: number, size = count): Promise<Uint8Array> {
    const padding = (blockBytes - (size % blockBytes)) % blockBytes;
    const bytes = await this.read(count + padding);
    if (bytes.length < count + padding) throw damaged("it is cut off");
    return bytes.subarray(0, count);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

function damaged(what: string): WalError {
  return new WalError("FORMAT", `cannot import the archive: ${what}`);
}

function unavailable(action: string, what: string, log: string): WalError {
  return new WalError("UNAVAILABLE", `cannot ${action}: ${what}`, { log });
}
