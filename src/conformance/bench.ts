/**
 * What one check works on: a storage of its own, and a record of what it has opened, so that all of
 * it is closed in the end, however the check ended.
 */
import type { Place, Storage, StoredFile } from "../storage.ts";
import type { Clause } from "./clause.ts";
import { demand, demandSame, demandSuccess } from "./demand.ts";
import type { Backend } from "./options.ts";
import * as contract from "./storage/contract.ts";

interface Closable {
  close(): unknown;
}

export class Bench {
  storage: Storage;
  readonly backend: Backend;
  readonly seed: number;
  /** Of the place that most checks use. */
  readonly path: readonly string[] = ["conformance", "0"];
  /** Files before the places they lie in, the latest first. */
  #open: Closable[] = [];

  constructor(storage: Storage, backend: Backend, seed: number) {
    this.storage = storage;
    this.backend = backend;
    this.seed = seed;
  }

  /** Opens the place for writing. */
  async place(path = this.path, storage = this.storage): Promise<Place> {
    const open = () => storage.open(path, { mode: "write" });
    const place = await demandSuccess(open, contract.mode.creates, `opening ${path.join("/")} for writing`);
    demand(place !== undefined, contract.mode.creates, () => {
      return `Opening ${path.join("/")} for writing answered undefined.`;
    });
    return this.keep(place);
  }

  /** Opens the place for reading, which must be there. */
  async reader(path = this.path, storage = this.storage): Promise<Place> {
    const open = () => storage.open(path, { mode: "read" });
    const place = await demandSuccess(open, contract.mode.read, `opening ${path.join("/")} for reading`);
    demand(place !== undefined, contract.mode.read, () => {
      return `Opening ${path.join("/")} for reading answered undefined, though it is there.`;
    });
    return this.keep(place);
  }

  /** Creates a file, which may be full of stale bytes. */
  async create(place: Place, name: string): Promise<StoredFile> {
    const create = () => place.create(name);
    return this.keep(await demandSuccess(create, contract.place.create, `creating ${name}`));
  }

  /** Creates a file that is empty. */
  async empty(place: Place, name: string): Promise<StoredFile> {
    const file = await this.create(place, name);
    await file.truncate(0);
    return file;
  }

  /** Creates a file that holds `bytes` and nothing else, and flushes it. */
  async filled(place: Place, name: string, bytes: Uint8Array): Promise<StoredFile> {
    const file = await this.empty(place, name);
    await this.write(file, bytes, 0);
    await file.flush();
    return file;
  }

  async openFile(place: Place, name: string): Promise<StoredFile> {
    return this.keep(await demandSuccess(() => place.open(name), contract.place.open, `opening ${name}`));
  }

  async write(file: StoredFile, bytes: Uint8Array, position: number): Promise<void> {
    const count = await file.write(bytes, position);
    const what = `the answer to a write of ${bytes.length} bytes at position ${position}`;
    demandSame(count, bytes.length, contract.file.write, what);
  }

  /** All bytes of a file. */
  async bytesOf(file: StoredFile): Promise<Uint8Array> {
    const size = await file.size();
    return this.read(file, 0, size, size);
  }

  /** Reads `count` bytes from `position` of a file of `size` bytes; all of them must be there. */
  async read(file: StoredFile, position: number, count: number, size: number): Promise<Uint8Array> {
    const target = new Uint8Array(count);
    const read = await file.read(target, position);
    const what = `the answer to a read of ${count} bytes at position ${position} of a file of ${size} bytes`;
    demandSame(read, count, contract.file.readShort, what);
    return target;
  }

  async close(opened: Closable): Promise<void> {
    this.#open = this.#open.filter((each) => each !== opened);
    await demandSuccess(async () => opened.close(), contract.file.close, "closing");
  }

  /** Closes everything and opens the place again. */
  async reopened(): Promise<Place> {
    await this.closeAll();
    return this.place();
  }

  async closeAll(): Promise<void> {
    for (const opened of this.#open) await this.close(opened);
  }

  /** Another storage over the same data. */
  async again(): Promise<Storage> {
    return this.#ability("again")(this.storage);
  }

  /** Loses power and goes on with what is left. */
  async losePower(): Promise<void> {
    const letGo = (): Promise<void> => this.letGo();
    this.storage = await this.#ability("losePower")(this.storage, letGo);
    this.#open = [];
  }

  /** Closes what is open, whatever that throws. */
  async letGo(): Promise<void> {
    for (const opened of this.#open.splice(0)) {
      try {
        await opened.close();
      } catch {
        // What is on its way is told already.
      }
    }
  }

  hold(path = this.path) {
    return this.#ability("holdElsewhere")(this.storage, path);
  }

  /** Whether `condition` holds before `ms` have gone by. */
  async within(ms: number, condition: () => Promise<boolean>): Promise<boolean> {
    const end = this.storage.elapsed() + ms;
    for (;;) {
      if (await condition()) return true;
      if (this.storage.elapsed() >= end) return false;
      await this.storage.sleep(20);
    }
  }

  /** Whether the place cannot be opened for writing now. */
  async isLocked(): Promise<boolean> {
    try {
      await (await this.storage.open(this.path, { mode: "write" }))?.close();
      return false;
    } catch {
      return true;
    }
  }

  /** Fails unless `path` can be opened for writing; `clause` says why it should be free. */
  async demandFree(clause: Clause, when: string): Promise<void> {
    const open = async (): Promise<unknown> =>
      this.keep((await this.storage.open(this.path, { mode: "write" }))!);
    await demandSuccess(open, clause, `opening the place for writing ${when}`);
  }

  keep<T extends Closable>(opened: T): T {
    this.#open.unshift(opened);
    return opened;
  }

  #ability<N extends "again" | "losePower" | "holdElsewhere">(name: N): Exclude<Backend[N], string> {
    const ability = this.backend[name];
    if (typeof ability === "string") throw new TypeError(`a check uses ${name} and does not say so`);
    return ability as Exclude<Backend[N], string>;
  }
}
