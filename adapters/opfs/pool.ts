/**
 * The pool of a place: long-lived files that take turns in standing for the files of the place.
 *
 * Chromium makes the bytes of a file durable when it is asked to, but the name of a new file only after a
 * while. So names stand in the heads of pool files, and a pool file counts as *settled* once it is old
 * enough. Until then it is *young*: a loss of power may take it, and with it every younger one, because
 * the browser writes its list of names in order. From that follows what is done here: while a young file
 * is in use, flushes reach less, only younger files are put into use, and removals hold only if the
 * youngest file in use is still there when the place is opened again.
 */
import type { Durability } from "../../src/storage.ts";
import type { Use } from "./head.ts";
import { PoolFile } from "./file.ts";
import { nameOf } from "./platform.ts";
import { Young } from "./young.ts";

export interface PoolOptions {
  /** How many free files are kept ready at least. */
  readonly spareFiles: number;
  /** How old a file is when it has settled, in ms. */
  readonly settleMs: number;
}

const prefix = "pool-";
/** Most of them are empty. */
const readyMax = 128;

export class Pool {
  readonly #folder: FileSystemDirectoryHandle;
  readonly #files = new Map<number, PoolFile>();
  /** Files with a damaged head, which are evidence. */
  readonly #strangers: string[] = [];
  readonly #young: Young;
  /** Files whose head is still to be flushed. */
  readonly #changed = new Set<PoolFile>();
  /** How many free files are kept ready. */
  #readyMin: number;
  /** The highest number that a file ever had. */
  #last = 0;
  /** What opens and closes files is done one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: FileSystemDirectoryHandle, options: PoolOptions) {
    this.#folder = folder;
    this.#young = new Young(options.settleMs);
    this.#readyMin = options.spareFiles;
  }

  /** Finds the files that are there, and settles what was left undecided. */
  async load(): Promise<void> {
    const since = performance.now();
    const found: PoolFile[] = [];
    for await (const [name, entry] of this.#folder.entries()) {
      const number = numberOf(name);
      if (entry.kind !== "file" || number === undefined) continue;
      this.#last = Math.max(this.#last, number);
      found.push(new PoolFile({ number, entry: entry as FileSystemFileHandle, since }));
    }
    await Promise.all(found.map((file) => this.#admit(file)));
    await this.#decide();
    await this.#replenish();
  }

  names(): string[] {
    return [...this.#named().map(([, name]) => name), ...this.#strangers];
  }

  find(name: string): PoolFile | undefined {
    return this.#named().find(([, each]) => each === name)?.[0];
  }

  /** Gives `name` to a file, which is open then. */
  create(name: string): Promise<PoolFile> {
    return this.#inTurn(() => this.#create(name));
  }

  remove(file: PoolFile, name: string, reuse: boolean): Promise<void> {
    return this.#inTurn(() => this.#remove(file, name, reuse));
  }

  async #create(name: string): Promise<PoolFile> {
    await this.#tidy();
    const file = this.#choose() ?? (await this.#add());
    await file.open();
    try {
      // Removals come first, so that no name is ever there twice.
      this.#flushHeads();
      this.#setUse(file, { kind: "named", name });
    } catch (error) {
      file.release();
      throw error;
    }
    await this.#replenish();
    return file;
  }

  async #remove(file: PoolFile, name: string, reuse: boolean): Promise<void> {
    await file.open();
    try {
      this.#young.ripen();
      const unless = this.#young.lastInUse(file);
      if (unless > 0) this.#setUse(file, { kind: "removed", name, unless });
      else this.#free(file, reuse);
    } finally {
      file.release();
    }
    await this.#tidy();
  }

  /** Empties the free files, which hold the bytes of whatever they stood for. */
  giveBack(): Promise<void> {
    return this.#inTurn(async () => {
      for (const file of this.#files.values()) {
        if (file.use.kind !== "free" || file.failed) continue;
        await file.open();
        try {
          if (file.size() > 0) this.#free(file, false);
        } finally {
          file.release();
        }
      }
    });
  }

  /** Makes `file` durable, with all removals before it. Answers what that reached, if it is less than usual. */
  flush(file: PoolFile): Durability | undefined {
    if (this.#changed.size > 0) this.#flushHeads();
    file.flush();
    if (this.#young.count > 0 && this.#young.ripen()) void this.#inTurn(() => this.#noteSettled());
    return this.#young.count > 0 && this.#young.lastInUse() > 0 ? "os" : undefined;
  }

  async close(): Promise<void> {
    await this.#turn;
    for (const file of this.#files.values()) file.abandon();
  }

  /** A file that the browser still lists although a loss of power took it is as good as not there. */
  async #admit(file: PoolFile): Promise<void> {
    try {
      if (await file.readHead()) this.#keep(file);
      else this.#strangers.push(file.entry.name);
    } catch (error) {
      if (nameOf(error) !== "NotFoundError") throw error;
    }
  }

  #keep(file: PoolFile): void {
    this.#young.add(file);
    this.#files.set(file.number, file);
  }

  /** Takes back the removals whose condition a loss of power has broken. */
  async #decide(): Promise<void> {
    const there = [...this.#files.keys(), ...this.#strangers.map((name) => numberOf(name)!)];
    const last = Math.max(0, ...there);
    for (const file of this.#files.values()) {
      const { use } = file;
      if (use.kind !== "removed") continue;
      this.#last = Math.max(this.#last, use.unless);
      if (use.unless <= last) continue;
      await file.open();
      this.#setUse(file, { kind: "named", name: use.name });
      this.#flushHeads();
      file.release();
    }
  }

  /** Of the files that may be put into use, a settled one if there is one, else the oldest. */
  #choose(): PoolFile | undefined {
    const usable = this.#usable();
    return usable.find(({ settled }) => settled) ?? usable[0];
  }

  /** The free files that may be put into use, the oldest first. */
  #usable(): PoolFile[] {
    const files = [...this.#files.values()];
    const touched = Math.max(0, ...files.map((file) => this.#young.dependency(file)));
    return files
      .filter(({ use, failed, settled, number }) => {
        return use.kind === "free" && !failed && (settled ? touched === 0 : number > touched);
      })
      .toSorted((a, b) => a.number - b.number);
  }

  async #add(): Promise<PoolFile> {
    const number = this.#last + 1;
    const name = `${prefix}${String(number).padStart(10, "0")}`;
    const entry = await this.#folder.getFileHandle(name, { create: true });
    this.#last = number;
    const file = new PoolFile({ number, entry, since: performance.now() });
    this.#keep(file);
    return file;
  }

  /**
   * Keeps enough files ready that a new name finds one that has settled: twice as many as were ever taken in
   * the time in which one settles.
   */
  async #replenish(): Promise<void> {
    const taken = [...this.#files.values()].filter((file) => this.#young.dependency(file) > 0).length;
    this.#readyMin = Math.max(this.#readyMin, Math.min(2 * taken, readyMax));
    try {
      for (let ready = this.#usable().length; ready < this.#readyMin; ready++) await this.#add();
    } catch {
      // It is a matter of comfort: whoever needs a file is told that there is none.
    }
  }

  /** Lets those that open the place later know what has settled. */
  async #noteSettled(): Promise<void> {
    try {
      for (const file of this.#files.values()) {
        if (file.isSettledNoted || !file.settled || file.failed) continue;
        await file.open();
        try {
          file.noteSettled();
          file.flush();
        } finally {
          file.release();
        }
      }
    } catch {
      // Then they settle once more.
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #setUse(file: PoolFile, use: Use): void {
    file.setUse(use);
    this.#changed.add(file);
  }

  /** Needs to be open. */
  #free(file: PoolFile, reuse: boolean): void {
    this.#setUse(file, { kind: "free" });
    if (reuse) return;
    file.flush();
    file.clear();
    this.#changed.add(file);
  }

  #flushHeads(): void {
    for (const file of this.#changed) {
      file.flush();
      this.#changed.delete(file);
    }
  }

  /** Frees the files whose removal has become certain, and gives back what is not needed. */
  async #tidy(): Promise<void> {
    this.#young.ripen();
    for (const file of this.#files.values()) {
      if (file.use.kind !== "removed" || this.#young.has(file.use.unless)) continue;
      await file.open();
      try {
        this.#free(file, false);
      } finally {
        file.release();
      }
    }
    if (this.#young.count > 0) return;
    const free = [...this.#files.values()].filter(({ use }) => use.kind === "free");
    const kept = new Set(free.filter(({ failed }) => !failed).slice(0, this.#readyMin + 1));
    for (const file of free) if (!kept.has(file)) await this.#delete(file);
  }

  /** Its name may come back when the power is lost: then its head has to say that it stands for nothing. */
  async #delete(file: PoolFile): Promise<void> {
    try {
      if (file.isHeadDirty) file.flush();
      this.#changed.delete(file);
      file.abandon();
      await this.#folder.removeEntry(file.entry.name);
      this.#files.delete(file.number);
    } catch {
      // It stays, and stands for nothing.
    }
  }

  #named(): [PoolFile, string][] {
    return [...this.#files.values()].flatMap((file): [PoolFile, string][] =>
      file.use.kind === "named" ? [[file, file.use.name]] : [],
    );
  }
}

export function numberOf(name: string): number | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const number = Number(name.slice(prefix.length));
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
