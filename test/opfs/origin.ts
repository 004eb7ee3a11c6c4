/**
 * An origin private file system in memory, as mean as Chromium's: bytes that were flushed survive a loss of power,
 * while names reach the disk in the order in which they were made and removed, some time later. A handle excludes
 * every other one on its file, and is freed when its worker dies.
 */
import { MemoryFile } from "../../adapters/memory/file.ts";
import type { SyncHandle } from "../../adapters/opfs/platform.ts";

type Entry = FakeFile | FakeFolder;

/** A change of names, and how to undo it. */
interface Change {
  readonly at: number;
  undo(): void;
}

export interface Choices {
  /** How many of the changes of names that have not settled are kept. */
  kept(count: number): number;
  /** Whether the bytes of a file that were only written are kept. */
  isWrittenKept(): boolean;
}

export class Origin {
  readonly root = new FakeFolder(this, "");
  /** How often a file was looked up to be read without a handle. */
  looks = 0;
  readonly #settleMs: number;
  #changes: Change[] = [];
  readonly #files = new Set<FakeFile>();

  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  /** Makes it that of this program, with so much space for it. */
  install(quota: () => number = () => Infinity): void {
    const storage = {
      getDirectory: async () => this.root,
      estimate: async () => ({ quota: quota(), usage: this.usage }),
    };
    Object.defineProperty(globalThis, "navigator", { value: { storage }, configurable: true });
  }

  /** How many bytes its files take. */
  get usage(): number {
    return [...this.#files].reduce((sum, { isGone, bytes }) => sum + (isGone ? 0 : bytes.size), 0);
  }

  /** All handles are freed, and nothing else is lost. */
  die(): void {
    for (const file of this.#files) file.letGo();
  }

  losePower(choices: Choices): void {
    this.die();
    const now = performance.now();
    const settled = this.#changes.filter(({ at }) => now - at >= this.#settleMs).length;
    const kept = settled + choices.kept(this.#changes.length - settled);
    for (const { undo } of this.#changes.slice(kept).toReversed()) undo();
    this.#changes = [];
    for (const file of this.#files) if (!choices.isWrittenKept()) file.bytes = file.bytes.survivor();
  }

  changed(undo: () => void): void {
    this.#changes.push({ at: performance.now(), undo });
  }

  made(file: FakeFile): void {
    this.#files.add(file);
  }
}

class FakeFolder {
  readonly kind = "directory";
  readonly name: string;
  readonly #origin: Origin;
  readonly #entries = new Map<string, Entry>();

  constructor(origin: Origin, name: string) {
    this.#origin = origin;
    this.name = name;
  }

  async *entries(): AsyncGenerator<[string, Entry], void, void> {
    for (const entry of this.#entries) yield entry;
  }

  getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<FakeFolder> {
    return this.#get(name, options, () => new FakeFolder(this.#origin, name)) as Promise<FakeFolder>;
  }

  getFileHandle(name: string, options?: { create?: boolean }): Promise<FakeFile> {
    const make = (): FakeFile => {
      const file = new FakeFile(name, this.#origin);
      this.#origin.made(file);
      return file;
    };
    return this.#get(name, options, make) as Promise<FakeFile>;
  }

  async removeEntry(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new DOMException(`no ${name}`, "NotFoundError");
    if (entry instanceof FakeFile && entry.isTaken) throw taken(name);
    this.#entries.delete(name);
    // The name may come back. What it named does not.
    this.#origin.changed(() => this.#entries.set(name, entry));
    if (entry instanceof FakeFile) entry.isGone = true;
  }

  async #get(name: string, options: { create?: boolean } | undefined, make: () => Entry): Promise<Entry> {
    await undefined;
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    if (!options?.create) throw new DOMException(`no ${name}`, "NotFoundError");
    const entry = make();
    this.#entries.set(name, entry);
    this.#origin.changed(() => this.#entries.delete(name));
    return entry;
  }
}

class FakeFile {
  readonly kind = "file";
  readonly name: string;
  bytes = new MemoryFile();
  isGone = false;
  readonly #origin: Origin;
  #holder: object | undefined;

  constructor(name: string, origin: Origin) {
    this.name = name;
    this.#origin = origin;
  }

  get isTaken(): boolean {
    return this.#holder !== undefined;
  }

  letGo(): void {
    this.#holder = undefined;
  }

  async getFile(): Promise<Blob> {
    this.#origin.looks++;
    this.#assertThere();
    const bytes = new Uint8Array(this.bytes.size);
    this.bytes.read(bytes, 0);
    return new Blob([bytes]);
  }

  async createSyncAccessHandle(): Promise<SyncHandle> {
    await undefined;
    this.#assertThere();
    if (this.isTaken) throw taken(this.name);
    const holder = {};
    this.#holder = holder;
    const held = <T>(work: (bytes: MemoryFile) => T): T => {
      if (this.#holder !== holder) throw new DOMException("closed", "InvalidStateError");
      return work(this.bytes);
    };
    return {
      getSize: () => held((bytes) => bytes.size),
      read: (target, { at }) => held((bytes) => bytes.read(target, at)),
      write: (source, { at }) => held((bytes) => bytes.write(source, at)),
      truncate: (size) => held((bytes) => bytes.truncate(size)),
      flush: () => held((bytes) => bytes.flush()),
      close: () => {
        if (this.#holder === holder) this.letGo();
      },
    };
  }

  #assertThere(): void {
    if (this.isGone) throw new DOMException(`${this.name} is gone`, "NotFoundError");
  }
}

function taken(name: string): DOMException {
  return new DOMException(`${name} is open`, "NoModificationAllowedError");
}
