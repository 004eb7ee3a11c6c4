/**
 * A place that is read while somebody else may have it open for writing. It takes no handle, which would
 * exclude the writer: each read looks at the file as it is then.
 */
import type { Place, StoredFile } from "../../src/storage.ts";
import { decodeHead, headBytes } from "./head.ts";
import { nameOf } from "./platform.ts";
import { numberOf } from "./pool.ts";

/** How often a read is tried again when the file changes under it. */
const triesMax = 20;

export class Snapshot implements Place {
  readonly #folder: FileSystemDirectoryHandle;
  /** Which pool file stood for a name when all of them were looked at last. */
  #before = new Map<string, FileSystemFileHandle>();

  constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  async list(): Promise<readonly string[]> {
    return [...(await this.#files()).keys()];
  }

  async open(name: string): Promise<StoredFile> {
    const entry = (await this.#sameAsBefore(name)) ?? (await this.#files()).get(name);
    if (entry === undefined) throw new Error(`there is no file ${name}`);
    return {
      size: async () => Math.max(0, (await entry.getFile()).size - headBytes),
      async read(target, position) {
        const bytes = await bytesOf(entry, headBytes + position, headBytes + position + target.length);
        target.set(bytes);
        return bytes.length;
      },
      write: refuse,
      truncate: refuse,
      flush: refuse,
      async close() {},
    };
  }

  async create(): Promise<StoredFile> {
    return refuse();
  }

  async remove(): Promise<void> {
    refuse();
  }

  async close(): Promise<void> {}

  /** Spares looking at every file for each one that is opened. */
  async #sameAsBefore(name: string): Promise<FileSystemFileHandle | undefined> {
    const entry = this.#before.get(name);
    // One that is gone is looked for among all.
    const standsFor = entry && (await nameIn(entry).catch(() => undefined));
    return standsFor === name ? entry : undefined;
  }

  /** The pool files by the names that they stand for. */
  async #files(): Promise<Map<string, FileSystemFileHandle>> {
    const files = new Map<string, FileSystemFileHandle>();
    for await (const [name, entry] of this.#folder.entries()) {
      if (entry.kind !== "file" || numberOf(name) === undefined) continue;
      const file = entry as FileSystemFileHandle;
      const standsFor = await nameIn(file);
      if (standsFor !== undefined) files.set(standsFor, file);
    }
    this.#before = files;
    return files;
  }
}

/** The name that a pool file stands for, if it does. */
async function nameIn(file: FileSystemFileHandle): Promise<string | undefined> {
  const head = decodeHead(await bytesOf(file, 0, headBytes));
  return head?.use.kind === "named" ? head.use.name : undefined;
}

/** The browser refuses to read a file that has changed since it was looked up: then it is looked up again. */
async function bytesOf(entry: FileSystemFileHandle, start: number, end: number): Promise<Uint8Array> {
  for (let tries = 1; ; tries++) {
    try {
      const blob = await entry.getFile();
      return new Uint8Array(await blob.slice(start, end).arrayBuffer());
    } catch (error) {
      if (nameOf(error) !== "NotReadableError" || tries === triesMax) throw error;
    }
  }
}

function refuse(): never {
  throw new TypeError("the place was opened for reading: nothing in it can be changed");
}
