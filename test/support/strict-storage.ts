/**
 * Watches how a storage is used, and notes what the seam does not allow: an operation on a closed file, a
 * second handle on one file, the removal of an open file, more flushes at a time than promised, a write beside
 * the only flush that may run, bytes that change while they are being written, any write, flush or truncation
 * of a file that failed a flush, and any but a flush of one that failed a write. It changes nothing, and it works
 * the same over a storage that answers at once and one that does not.
 */
import type { Eventually, Place, Storage, StoredFile } from "../../src/storage.ts";
import { whenThere } from "./when-there.ts";

/** What is known of the files of one disk, however often its places are opened. */
export class Watch {
  readonly #misuses: string[];
  /** Files that failed, each with the opening of the place in which it did, and whether it failed a flush or a write only. */
  readonly spoiled = new Map<string, { readonly opening: number; readonly byFlush: boolean }>();
  openings = 0;

  /** Sentences about what was done wrong are added to `misuses`. */
  constructor(misuses: string[]) {
    this.#misuses = misuses;
  }

  note(misuse: string): void {
    this.#misuses.push(misuse);
  }
}

export function strictStorage(inner: Storage, watch: Watch): Storage {
  return {
    name: inner.name,
    durability: inner.durability,
    ...(inner.written && { written: inner.written }),
    flushesAtOnce: inner.flushesAtOnce,
    now: () => inner.now(),
    elapsed: () => inner.elapsed(),
    sleep: (ms) => inner.sleep(ms),
    open: (path, options) =>
      whenThere(inner.open(path, options), (place) => {
        if (place === undefined || options.mode === "read") return place;
        return new StrictPlace(place, watch, inner.flushesAtOnce).seam;
      }),
    list: (path) => inner.list(path),
  };
}

class StrictPlace {
  readonly seam: Place;
  readonly #watch: Watch;
  readonly #flushesAtOnce: number;
  readonly #opening: number;
  readonly #open = new Set<string>();
  #closed = false;

  constructor(place: Place, watch: Watch, flushesAtOnce: number) {
    this.#watch = watch;
    this.#flushesAtOnce = flushesAtOnce;
    this.#opening = ++watch.openings;
    this.seam = {
      list: () => this.#used("list", "", () => place.list()),
      open: (name) => this.#used("open", name, () => this.#opened(name, place.open(name))),
      create: (name) =>
        this.#used("create", name, () =>
          whenThere(this.#opened(name, place.create(name)), (file) => {
            watch.spoiled.delete(name);
            return file;
          }),
        ),
      remove: (name, { reuse }) =>
        this.#used("remove", name, () => {
          if (this.#open.has(name)) watch.note(`remove of ${name}, which is open`);
          if (reuse && watch.spoiled.has(name)) watch.note(`reuse of ${name}, which failed`);
          return place.remove(name, { reuse });
        }),
      close: () => {
        for (const name of this.#open) watch.note(`close of the place while ${name} is open`);
        this.#closed = true;
        return place.close();
      },
    };
  }

  #used<T>(op: string, name: string, work: () => T): T {
    if (this.#closed) this.#watch.note(`${op} ${name} in a place that is closed`);
    return work();
  }

  #opened(name: string, answer: Eventually<StoredFile>): Eventually<StoredFile> {
    return whenThere(answer, (file) => {
      if (this.#open.has(name)) this.#watch.note(`a second handle on ${name}`);
      this.#open.add(name);
      return this.#file(name, file);
    });
  }

  #file(name: string, file: StoredFile): StoredFile {
    const watch = this.#watch;
    let closed = false;
    let writing = 0;
    let flushing = 0;
    let overwritten = false;
    const used = <T>(op: string, work: () => T): T => {
      if (closed) watch.note(`${op} of ${name}, which is closed`);
      if (this.#closed) watch.note(`${op} of ${name} in a place that is closed`);
      return work();
    };
    const changing = <T>(op: string, work: () => Eventually<T>): Eventually<T> => {
      const failed = watch.spoiled.get(name);
      const failedIn = failed?.opening;
      const isLastFlush = op === "flush" && failed?.byFlush === false;
      if (failedIn === this.#opening && !isLastFlush) watch.note(`${op} of ${name}, which failed before`);
      // A later process may cut the failed bytes off, and go on from there.
      else if (failedIn !== undefined && op === "truncate") watch.spoiled.delete(name);
      else if (failedIn !== undefined && op === "write") overwritten = true;
      else if (failedIn !== undefined && op === "flush" && overwritten) {
        watch.note(`write and flush of ${name}, which failed in an earlier process and was not cut since`);
      }
      return used(op, work);
    };
    const spoil = (op: "write" | "flush"): void => {
      const byFlush = op === "flush" || watch.spoiled.get(name)?.byFlush === true;
      watch.spoiled.set(name, { opening: this.#opening, byFlush });
    };
    const beside = (op: string, others: number): void => {
      if (others > 0 && this.#flushesAtOnce === 1)
        watch.note(`${op} of ${name} while another call is under way`);
    };
    return {
      size: () => used("size", () => file.size()),
      read: (target, position) => used("read", () => file.read(target, position)),
      write: (source, position) => {
        const before = source.slice();
        const unchanged = (): void => {
          if (Buffer.compare(before, source) !== 0)
            watch.note(`bytes for ${name} changed while they were written`);
        };
        const work = (): Eventually<number> => {
          writing++;
          return finishing(
            () => file.write(source, position),
            () => void writing--,
          );
        };
        beside("write", flushing);
        return settling(
          changing("write", () => attempt(work, () => spoil("write"))),
          unchanged,
          (count) => {
            if (count !== source.length) spoil("write");
          },
        );
      },
      truncate: (size) => changing("truncate", () => file.truncate(size)),
      flush: () => {
        if (++flushing > this.#flushesAtOnce) watch.note(`${flushing} flushes of ${name} at a time`);
        beside("flush", writing);
        const done = (): void => void flushing--;
        return changing("flush", () =>
          settling(
            attempt(
              () => file.flush(),
              both(() => spoil("flush"), done),
            ),
            done,
          ),
        );
      },
      close: () => {
        closed = true;
        this.#open.delete(name);
        return file.close();
      },
    };
  }
}

/** Calls `failed` when `work` throws, now or later, and the caller has heard of it. */
function attempt<T>(work: () => Eventually<T>, failed: () => void): Eventually<T> {
  try {
    const answer = work();
    return answer instanceof Promise ? answer.catch((error: unknown) => tell(error, failed)) : answer;
  } catch (error) {
    failed();
    throw error;
  }
}

/** Calls `ended` when `work` has ended, however it did. */
function finishing<T>(work: () => Eventually<T>, ended: () => void): Eventually<T> {
  let answer: Eventually<T> | undefined;
  try {
    answer = work();
    return answer instanceof Promise ? answer.finally(ended) : answer;
  } finally {
    if (!(answer instanceof Promise)) ended();
  }
}

/** The turns of the microtask queue that a rejection takes from here to the caller of the storage. */
const turnsToCaller = 4;

function tell(error: unknown, failed: () => void): never {
  void (async () => {
    for (let turn = 0; turn < turnsToCaller; turn++) await undefined;
    failed();
  })();
  throw error;
}

/** Calls each of `steps` with the value when it is there. */
function settling<T>(answer: Eventually<T>, ...steps: ((value: T) => void)[]): Eventually<T> {
  return whenThere(answer, (value) => {
    for (const step of steps) step(value);
    return value;
  });
}

function both(first: () => void, second: () => void): () => void {
  return () => {
    first();
    second();
  };
}
