/**
 * A disk in memory that is as mean as a real one. It stands where `MemoryDisk` stands, and differs in what
 * a loss of power leaves: any part of what was not flushed, sector by sector and name by name, and nothing
 * of what a failed flush has lost, however well that reads. It is for tests, and no part of the package.
 */
import type { Disk, Folder } from "../storage.ts";
import { type DiskClock, type FailedFlush, type Keeps, SimulatedFile } from "./file.ts";

export type { FailedFlush, Keeps } from "./file.ts";

export interface SimulatedDiskOptions {
  /** What reaches the platter whole or not at all. The default is 512. */
  readonly sectorBytes?: number;
  /** How long an operation takes, where it answers with a promise. */
  readonly pass?: () => Promise<void>;
}

export class SimulatedDisk implements Disk {
  readonly #folders = new Map<string, SimulatedFolder>();
  readonly #clock: DiskClock & { now: number; isDead: boolean };
  pass: () => Promise<void>;

  constructor({ sectorBytes = 512, pass = nothing }: SimulatedDiskOptions = {}) {
    this.#clock = {
      sectorBytes,
      now: 0,
      isDead: false,
      next() {
        return this.now++;
      },
      assertAlive() {
        if (this.isDead) throw new Error("the machine has crashed");
      },
    };
    this.pass = pass;
  }

  get sectorBytes(): number {
    return this.#clock.sectorBytes;
  }

  /** The place that the next change will have in the order of all changes. */
  get now(): number {
    return this.#clock.now;
  }

  /** From now on nothing reaches this disk, what is under way included. */
  die(): void {
    this.#clock.isDead = true;
  }

  folder(path: string): SimulatedFolder {
    let folder = this.#folders.get(path);
    if (folder === undefined) this.#folders.set(path, (folder = new SimulatedFolder(this.#clock)));
    return folder;
  }

  has(path: string): boolean {
    return this.#folders.has(path);
  }

  paths(): Iterable<string> {
    return this.#folders.keys();
  }

  get folders(): ReadonlyMap<string, SimulatedFolder> {
    return this.#folders;
  }

  /** The place of the oldest change that is not on the platter. */
  get oldestUnflushed(): number {
    return Math.min(this.now, ...[...this.#folders.values()].map((folder) => folder.oldestUnflushed));
  }

  /** What a loss of power leaves: nobody holds a lock, and nothing is on its way. */
  losePower(keeps: Keeps): SimulatedDisk {
    return this.#copy((folder, clock) => folder.survivor(clock, keeps));
  }

  /** What the death of all processes leaves: everything, and no locks. */
  loseProcesses(): SimulatedDisk {
    return this.#copy((folder, clock) => folder.copy(clock));
  }

  #copy(each: (folder: SimulatedFolder, clock: DiskClock) => SimulatedFolder): SimulatedDisk {
    const disk = new SimulatedDisk({ sectorBytes: this.sectorBytes, pass: this.pass });
    disk.#clock.now = this.now;
    for (const [path, folder] of this.#folders) disk.#folders.set(path, each(folder, disk.#clock));
    return disk;
  }
}

interface NameChange {
  readonly sequence: number;
  readonly name: string;
  /** Undefined when the name was removed. */
  readonly file: SimulatedFile | undefined;
}

/** The names of one place: those that are seen, those on the platter, and the changes in between. */
export class SimulatedFolder implements Folder {
  readonly #clock: DiskClock;
  names = new Map<string, SimulatedFile>();
  locked = false;
  #platter = new Map<string, SimulatedFile>();
  #changes: NameChange[] = [];
  #spares: SimulatedFile[] = [];

  constructor(clock: DiskClock) {
    this.#clock = clock;
  }

  create(name: string): SimulatedFile {
    this.#clock.assertAlive();
    const file = this.#spares.pop() ?? new SimulatedFile(this.#clock);
    this.names.set(name, file);
    this.#changes.push({ sequence: this.#clock.next(), name, file });
    return file;
  }

  remove(name: string, reuse: boolean): void {
    this.#clock.assertAlive();
    if (reuse && this.#spares.length === 0) this.#spares.push(this.names.get(name)!);
    this.names.delete(name);
    this.#changes.push({ sequence: this.#clock.next(), name, file: undefined });
  }

  /** Covers what was written, created and removed before it was begun, and no more than it promises. */
  flush(file: SimulatedFile): () => void {
    const until = this.#clock.now;
    return () => {
      file.flush(until);
      const isCovered = (change: NameChange): boolean =>
        change.sequence < until && (change.file === undefined || change.file === file);
      this.#settle(isCovered);
    };
  }

  /** What becomes of `file` when its flush fails now. Its name stays on its way. */
  failFlush(file: SimulatedFile, how: FailedFlush, keeps: Keeps): void {
    file.failFlush(this.#clock.now, how, keeps);
  }

  get oldestUnflushed(): number {
    const files = [...this.names.values()].map((file) => file.oldestUnflushed);
    return Math.min(this.#clock.now, this.#changes[0]?.sequence ?? Infinity, ...files);
  }

  survivor(clock: DiskClock, keeps: Keeps): SimulatedFolder {
    const folder = this.#copyNames(clock);
    folder.#settle((change) => keeps(change.sequence));
    folder.#changes = [];
    folder.#spares = [];
    const survivors = new Map<SimulatedFile, SimulatedFile>();
    // A file has one name: of two, the later one is right.
    for (const [name, file] of [...folder.#platter].toReversed()) {
      if (survivors.has(file)) folder.#platter.delete(name);
      else survivors.set(file, file.survivor(clock, keeps));
    }
    folder.#platter = new Map([...folder.#platter].map(([name, file]) => [name, survivors.get(file)!]));
    folder.names = new Map(folder.#platter);
    return folder;
  }

  copy(clock: DiskClock): SimulatedFolder {
    const folder = this.#copyNames(clock);
    const copies = new Map<SimulatedFile, SimulatedFile>();
    const copied = (file: SimulatedFile): SimulatedFile => {
      const copy = copies.get(file) ?? file.copy(clock);
      copies.set(file, copy);
      return copy;
    };
    const inMap = (map: Map<string, SimulatedFile>): Map<string, SimulatedFile> =>
      new Map([...map].map(([name, file]) => [name, copied(file)]));
    folder.names = inMap(folder.names);
    folder.#platter = inMap(folder.#platter);
    folder.#spares = folder.#spares.map(copied);
    folder.#changes = folder.#changes.map((change) => ({
      ...change,
      file: change.file && copied(change.file),
    }));
    return folder;
  }

  #copyNames(clock: DiskClock): SimulatedFolder {
    const folder = new SimulatedFolder(clock);
    folder.names = new Map(this.names);
    folder.#platter = new Map(this.#platter);
    folder.#changes = [...this.#changes];
    folder.#spares = [...this.#spares];
    return folder;
  }

  /** Takes the changes that `isDue` to the platter, in their order. */
  #settle(isDue: (change: NameChange) => boolean): void {
    for (const change of this.#changes.filter(isDue)) {
      // What was done to this name before is of no consequence any more.
      this.#changes = this.#changes.filter(
        ({ name, sequence }) => name !== change.name || sequence > change.sequence,
      );
      this.#platter.delete(change.name);
      if (change.file !== undefined) this.#platter.set(change.name, change.file);
    }
  }
}

async function nothing(): Promise<void> {}
