/**
 * Takes a log from one storage to another as a stream: a tar archive of its segment files, byte for byte, under
 * their paths. Unpacked into a folder, it is what `nodeStorage` of that folder reads and writes.
 */
import { WalError } from "./errors.ts";
import { decodeTopic, parseSegmentName, pathOf } from "./format/names.ts";
import { decodeTarHeader, encodeTarHeader, extendedPath, paddingOf, tarBlockBytes } from "./format/tar.ts";
import { checkAddress, type LogAddress } from "./options.ts";
import type { Place, Storage, StoredFile } from "./storage.ts";

const chunkBytes = 2 ** 20;
/** How often the list of segments may change while they are read. */
const looksMax = 100;

/**
 * The log as a stream of bytes. The lock is not needed: while somebody writes to the log, what is exported is as
 * after a loss of power at some moment, with a tail that the next opener has to recover.
 *
 *     const stream = ReadableStream.from(exportLog({ storage, topic: "orders" }));
 */
export async function* exportLog(address: LogAddress): AsyncGenerator<Uint8Array, void, void> {
  const { topic, partition, label } = checkAddress(address);
  const path = pathOf(topic, partition);
  const place = await address.storage.open(path, { mode: "read" });
  if (place === undefined) {
    throw new WalError("UNAVAILABLE", `cannot export log ${label}: there is no such log`, { log: label });
  }
  try {
    yield* filesOf(place, path.join("/"), label);
    yield new Uint8Array(2 * tarBlockBytes);
  } finally {
    await place.close();
  }
}

/** What was imported. */
export interface ImportReport {
  readonly topic: string;
  readonly partition: number;
  readonly segments: number;
  readonly bytes: number;
}

/**
 * Puts an exported log into a storage, under the topic and the partition that it had. Throws `UNAVAILABLE` where
 * there is a log of that name already, and leaves it as it is. What was begun is removed when it fails.
 *
 *     await importLog(response.body, { storage: nodeStorage("./data") });
 */
export async function importLog(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { storage }: { readonly storage: Storage },
): Promise<ImportReport> {
  const source = new Source(stream);
  let target: Target | undefined;
  let path: string | undefined;
  try {
    for (;;) {
      const header = decodeTarHeader(await source.take(tarBlockBytes));
      if (header === undefined) break;
      if (header.isExtension) {
        path = extendedPath(await source.take(header.size));
      } else {
        target ??= await Target.open(storage, path ?? header.path);
        await target.add(path ?? header.path, header.size, source);
        path = undefined;
      }
      await source.take(paddingOf(header.size));
    }
    if (target === undefined) throw new RangeError("the archive holds no log");
  } catch (error) {
    await target?.abandon();
    throw error;
  }
  return target.close();
}

/** Segments that begin while others are read come behind them, so that no witness of them stands alone. */
async function* filesOf(place: Place, folder: string, label: string): AsyncGenerator<Uint8Array, void, void> {
  const done = new Set<string>();
  for (let look = 0; look < looksMax; look++) {
    const names = (await place.list()).filter(
      (name) => parseSegmentName(name) !== undefined && !done.has(name),
    );
    if (names.length === 0) return;
    for (const name of names.toSorted()) {
      done.add(name);
      const file = await openIfThere(place, name);
      if (file === undefined) continue;
      try {
        yield* bytesOf(file, `${folder}/${name}`);
      } finally {
        await file.close();
      }
    }
  }
  const message = `cannot export log ${label}: segments come faster than they can be read`;
  throw new WalError("UNAVAILABLE", message, { log: label });
}

async function openIfThere(place: Place, name: string): Promise<StoredFile | undefined> {
  try {
    return await place.open(name);
  } catch (error) {
    if ((await place.list()).includes(name)) throw error;
    return undefined;
  }
}

async function* bytesOf(file: StoredFile, path: string): AsyncGenerator<Uint8Array, void, void> {
  const size = await file.size();
  yield encodeTarHeader({ path, size });
  for (let position = 0; position < size; position += chunkBytes) {
    // What was cut off since is zeros, as behind the end of every log.
    const chunk = new Uint8Array(Math.min(chunkBytes, size - position));
    await file.read(chunk, position);
    yield chunk;
  }
  yield new Uint8Array(paddingOf(size));
}

/** Takes bytes from a stream in pieces of its own. */
class Source {
  readonly #stream: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #rest = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#stream =
      Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
  }

  async take(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const part = await this.some(count - filled);
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** At least one byte, and at most `count`. */
  async some(count: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const next = await this.#stream.next();
      if (next.done) throw new RangeError("the archive ends in the middle");
      this.#rest = new Uint8Array(next.value);
    }
    const part = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}

/** The place that a log is imported into. */
class Target {
  readonly #place: Place;
  readonly #path: readonly string[];
  readonly #names: string[] = [];
  #bytes = 0;

  private constructor(place: Place, path: readonly string[]) {
    this.#place = place;
    this.#path = path;
  }

  static async open(storage: Storage, entry: string): Promise<Target> {
    const [topic, partition] = partsOf(entry);
    const path = pathOf(topic, partition);
    const place = (await storage.open(path, { mode: "write" })) as Place;
    const isThere = (await place.list()).some((name) => parseSegmentName(name) !== undefined);
    if (!isThere) return new Target(place, path);
    await place.close();
    const label = `${topic}/${partition} in ${storage.name}`;
    throw new WalError("UNAVAILABLE", `cannot import log ${label}: there is a log already`, { log: label });
  }

  async add(entry: string, size: number, source: Source): Promise<void> {
    const [topic, partition, name] = partsOf(entry);
    if (pathOf(topic, partition).join("/") !== this.#path.join("/")) {
      throw new RangeError(`the archive holds more than one log: ${entry} is not of ${this.#path.join("/")}`);
    }
    this.#names.push(name);
    const file = await this.#place.create(name);
    try {
      for (let position = 0; position < size;) {
        const part = await source.some(Math.min(chunkBytes, size - position));
        const count = await file.write(part, position);
        if (count !== part.length) throw new Error(`${count} of ${part.length} bytes were written`);
        position += part.length;
      }
      await file.truncate(size);
      await file.flush();
      this.#bytes += size;
    } finally {
      await file.close();
    }
  }

  async abandon(): Promise<void> {
    for (const name of this.#names)
      await Promise.resolve(this.#place.remove(name, { reuse: false })).catch(() => undefined);
    await this.#place.close();
  }

  async close(): Promise<ImportReport> {
    await this.#place.close();
    const [topic, partition] = partsOf(`${this.#path.join("/")}/${this.#names[0]!}`);
    return { topic, partition, segments: this.#names.length, bytes: this.#bytes };
  }
}

/** Where a segment belongs. Nothing but segments gets into a storage. */
function partsOf(entry: string): [topic: string, partition: number, name: string] {
  const [folder, number, name, ...others] = entry.replace(/^\.\//, "").split("/");
  const topic = folder === undefined ? undefined : decodeTopic(folder);
  const partition = Number(number);
  const isLog = topic !== undefined && pathOf(topic, partition)[1] === number;
  if (!isLog || parseSegmentName(name ?? "") === undefined || others.length > 0) {
    throw new RangeError(`the archive holds ${entry}, which is no segment of a log`);
  }
  return [topic, partition, name!];
}
