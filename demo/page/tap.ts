/**
 * A storage with somebody listening at the seam: it hears of each write and flush of one place, and changes nothing. It keeps
 * the colour of what is underneath.
 */
import type { Durability, Eventually, Place, Storage, StoredFile } from "../../src/storage.ts";

export interface Tap {
  /** Whether this place is the one to listen to. */
  isMeant(path: readonly string[]): boolean;
  opened?(name: string, file: StoredFile): void;
  closed?(name: string): void;
  removed?(name: string): void;
  /** Bytes up to `end` of a file were handed over. */
  written?(name: string, end: number): void;
  /** Called just before a flush. What it throws fails the flush. */
  flushing?(name: string): void;
  /** Everything before `end` that was handed over before the flush began is flushed. */
  flushed?(name: string, end: number, durability: Durability | undefined): void;
}

export function tapped(inner: Storage, tap: Tap): Storage {
  return {
    get name() {
      return inner.name;
    },
    durability: inner.durability,
    ...(inner.written !== undefined && { written: inner.written }),
    flushesAtOnce: inner.flushesAtOnce,
    now: () => inner.now(),
    elapsed: () => inner.elapsed(),
    sleep: (ms) => inner.sleep(ms),
    list: (path) => inner.list(path),
    open(path, options) {
      const place = inner.open(path, options);
      if (options.mode !== "write" || !tap.isMeant(path)) return place;
      return then(place, (opened) => opened && tappedPlace(opened, tap));
    },
  };
}

function tappedPlace(place: Place, tap: Tap): Place {
  const listen = (name: string, file: StoredFile): StoredFile => {
    tap.opened?.(name, file);
    return tappedFile(name, file, tap);
  };
  return {
    list: () => place.list(),
    open: (name) => then(place.open(name), (file) => listen(name, file)),
    create: (name) => then(place.create(name), (file) => listen(name, file)),
    remove: (name, options) => then(place.remove(name, options), () => tap.removed?.(name)),
    close: () => place.close(),
  };
}

function tappedFile(name: string, file: StoredFile, tap: Tap): StoredFile {
  let written = 0;
  return {
    size: () => file.size(),
    read: (target, position) => file.read(target, position),
    write(source, position) {
      const answer = file.write(source, position);
      written = Math.max(written, position + source.length);
      tap.written?.(name, position + source.length);
      return answer;
    },
    truncate(size) {
      written = Math.min(written, size);
      return file.truncate(size);
    },
    flush() {
      const end = written;
      tap.flushing?.(name);
      return then(file.flush(), (durability) => {
        tap.flushed?.(name, end, durability ?? undefined);
        return durability;
      });
    },
    close() {
      tap.closed?.(name);
      return file.close();
    },
  };
}

function then<T, U>(value: Eventually<T>, next: (value: T) => U): Eventually<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
