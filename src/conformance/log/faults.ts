/**
 * A storage that fails where a check wants it to, over the one under test, whose colour it keeps: an
 * operation is done and then answered as failed, which is what a failed flush may be, too.
 */
import type { Eventually, Place, Storage, StoredFile } from "../../storage.ts";

/** What goes wrong next; each is used up by the operation that it meets. */
export class Faults {
  flush = 0;
  shortWrite = 0;
  read = 0;
  /** The names of the files that failed a write or flush, and what was done to them afterwards. */
  readonly failed = new Set<string>();
  readonly touched: string[] = [];
}

export function withFaults(storage: Storage, faults: Faults): Storage {
  return {
    name: storage.name,
    durability: storage.durability,
    ...(storage.written && { written: storage.written }),
    flushesAtOnce: storage.flushesAtOnce,
    now: () => storage.now(),
    elapsed: () => storage.elapsed(),
    sleep: (ms) => storage.sleep(ms),
    open: (path, options) => then(storage.open(path, options), (place) => place && placeWith(place, faults)),
    list: (path) => storage.list(path),
  };
}

/** The same storage with another clock. */
export function withClock(storage: Storage, now: () => number): Storage {
  return { ...withFaults(storage, new Faults()), now };
}

function placeWith(place: Place, faults: Faults): Place {
  return {
    list: () => place.list(),
    open: (name) => then(place.open(name), (file) => fileWith(name, file, faults)),
    create: (name) => then(place.create(name), (file) => fileWith(name, file, faults)),
    remove: (name, options) => place.remove(name, options),
    close: () => place.close(),
  };
}

function fileWith(name: string, file: StoredFile, faults: Faults): StoredFile {
  const touch = (verb: string): void => {
    if (faults.failed.has(name)) faults.touched.push(`${verb} ${name}`);
  };
  return {
    size: () => file.size(),
    read: (target, position) =>
      then(file.read(target, position), (count) => {
        if (faults.read === 0) return count;
        faults.read--;
        throw new Error("a read that the check made fail");
      }),
    write: (source, position) => {
      touch("write");
      if (faults.shortWrite === 0) return file.write(source, position);
      faults.shortWrite--;
      faults.failed.add(name);
      return file.write(source.subarray(0, source.length >> 1), position);
    },
    truncate: (size) => {
      touch("truncate");
      return file.truncate(size);
    },
    flush: () => {
      touch("flush");
      return then(file.flush(), () => {
        if (faults.flush === 0) return;
        faults.flush--;
        faults.failed.add(name);
        throw new Error("a flush that the check made fail");
      });
    },
    close: () => file.close(),
  };
}

function then<T, U>(answer: Eventually<T>, next: (value: T) => U): Eventually<U> {
  return typeof (answer as { then?: unknown } | undefined | null)?.then === "function"
    ? (answer as Promise<T>).then(next)
    : next(answer as T);
}
