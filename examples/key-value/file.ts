/** The bytes of one file in chunks: those that are written and not flushed in memory, the others in the store. */
import type { Lease } from "./lease.ts";
import type { Key, KeyValueStore } from "./store.ts";

/** Deno KV stores at most 64 KiB in an entry, and changes at most 800 KiB at once. */
const chunkBytes = 32_768;
const chunksAtOnce = 16;

export class StoredChunks {
  size = 0;
  readonly #store: KeyValueStore;
  readonly #sizeKey: Key;
  readonly #chunksKey: Key;
  /** Chunks with bytes that are not flushed, and those that are being flushed. */
  #dirty = new Map<number, Uint8Array>();
  #flushing = new Map<number, Uint8Array>();

  constructor(store: KeyValueStore, root: Key, name: string) {
    this.#store = store;
    this.#sizeKey = [...root, "size", name];
    this.#chunksKey = [...root, "chunks", name];
  }

  async storedSize(): Promise<number | undefined> {
    const entry = await this.#store.get(this.#sizeKey);
    return entry && Number(new TextDecoder().decode(entry.value));
  }

  async read(target: Uint8Array, position: number, size: number): Promise<number> {
    const end = Math.min(position + target.length, size);
    for (let at = position; at < end;) {
      const index = Math.floor(at / chunkBytes);
      const begin = at - index * chunkBytes;
      const part = (await this.#chunk(index)).subarray(begin, Math.min(chunkBytes, begin + end - at));
      target.set(part, at - position);
      at += part.length;
    }
    return Math.max(0, end - position);
  }

  async write(source: Uint8Array, position: number): Promise<number> {
    for (let at = 0; at < source.length;) {
      const index = Math.floor((position + at) / chunkBytes);
      const begin = position + at - index * chunkBytes;
      const part = source.subarray(at, at + chunkBytes - begin);
      const chunk = await this.#chunk(index);
      const own = this.#dirty.get(index) ?? chunk.slice();
      own.set(part, begin);
      this.#dirty.set(index, own);
      at += part.length;
    }
    this.size = Math.max(this.size, position + source.length);
    return source.length;
  }

  truncate(size: number): void {
    this.size = size;
  }

  /** Stores the chunks, and with the last of them the size: until then nobody sees them. */
  async flush(lease: Lease): Promise<void> {
    const size = new TextEncoder().encode(`${this.size}`);
    const flushing = this.#dirty;
    this.#flushing = flushing;
    this.#dirty = new Map();
    try {
      const chunks = [...flushing].map(([index, chunk]) => [this.#keyOf(index), chunk] as const);
      while (chunks.length > chunksAtOnce) await lease.commit({ set: chunks.splice(0, chunksAtOnce) });
      await lease.commit({ set: [...chunks, [this.#sizeKey, size]] });
    } catch (error) {
      this.#dirty = new Map([...flushing, ...this.#dirty]);
      throw error;
    } finally {
      this.#flushing = new Map();
    }
  }

  /** Chunks that a crash leaves behind are stale bytes of a later file with this name. */
  async remove(lease: Lease): Promise<void> {
    await lease.commit({ remove: [this.#sizeKey] });
    const keys = (await this.#store.list(this.#chunksKey)).map((index) => [...this.#chunksKey, index]);
    while (keys.length > 0) await lease.commit({ remove: keys.splice(0, 500) });
  }

  async #chunk(index: number): Promise<Uint8Array> {
    const known = this.#dirty.get(index) ?? this.#flushing.get(index);
    return known ?? (await this.#store.get(this.#keyOf(index)))?.value ?? new Uint8Array(chunkBytes);
  }

  #keyOf(index: number): Key {
    return [...this.#chunksKey, `${index}`];
  }
}
