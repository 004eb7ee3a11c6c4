/**
 * The seam: what a backend must do so that a log can live on it.
 *
 * This file holds contracts and no code. A backend is a {@link Storage}; a log takes one
 * {@link Place} of it, which is a flat folder of files that nobody else writes; a
 * {@link StoredFile} is an array of bytes that can be made to survive power loss. The engine
 * above knows nothing else of the world: no clock, no timer, no path, no runtime.
 *
 * Colour: every method of `Place` and `StoredFile` may answer at once or with a promise, but a
 * given method of a given backend always does the same. A backend that answers at once pays
 * for no promise.
 *
 * Errors: a method that fails throws (or rejects with) the platform's own error. The engine
 * wraps it. A backend never retries a failed write or flush in silence.
 */

/** A value now, or a promise of it. See "Colour" above. */
export type Eventually<T> = T | Promise<T>;

/**
 * What a completed flush means on a backend, or an acknowledgement on a log.
 * `disk` survives power loss, `os` survives the death of the process, `memory` survives nothing.
 */
export type Durability = "disk" | "os" | "memory";

/** The subset of the platform's `AbortSignal` that is used here. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface OpenPlaceOptions {
  /**
   * `write` takes the exclusive lock of the place, creates the place when it is missing, and
   * throws a `WalError` with the code `LOCKED` at once when somebody else holds the lock. The
   * lock is taken atomically, and the death of its holder frees it. `read` takes no lock,
   * creates nothing, and answers `undefined` where there is no such place.
   */
  readonly mode: "write" | "read";
}

export interface Storage {
  /** Names this storage in messages, for example `node ./data`. */
  readonly name: string;

  /** What a completed `flush` means here, unless it answers less. */
  readonly durability: Durability;

  /** What a completed `write` survives before its flush. Without it, `os`: the death of the process. */
  readonly written?: Durability;

  /**
   * How many flushes of one file may run at the same time, 1 or more. More than 1 promises that
   * each of those flushes reports every earlier write error of the file by itself, even when
   * another flush has reported the same error already. Asking for more is a programming error.
   */
  readonly flushesAtOnce: number;

  /** Wall-clock time in whole milliseconds since 1970. It may jump. */
  now(): number;

  /** Milliseconds since some fixed moment. It never goes back, and may have fractions. */
  elapsed(): number;

  /** Resolves after about `ms` milliseconds, and at least one turn of the event loop later. */
  sleep(ms: number): Promise<void>;

  /**
   * Opens the place at `path`, a list of names that are safe on every file system (see
   * FORMAT.md, "Names").
   */
  open(path: readonly string[], options: OpenPlaceOptions): Eventually<Place | undefined>;

  /**
   * The names that come directly behind `path` in the paths of the places that there are, in any
   * order. It takes no lock, and may answer names besides of which there is no place.
   */
  list(path: readonly string[]): Eventually<readonly string[]>;
}

/** A flat folder of files. Opened for writing, it is ours alone until it is closed. */
export interface Place {
  /** The names of the files in this place, in any order, without those the backend itself keeps. */
  list(): Eventually<readonly string[]>;

  /** Opens an existing file to read and write it. In a place opened for reading, to read it. */
  open(name: string): Eventually<StoredFile>;

  /**
   * Creates a file and opens it. Fails if the name exists. The new file is either empty or full
   * of stale bytes: a backend may, but need not, recycle a file that was removed with `reuse`. The
   * name is durable after the first successful `flush` of the file, not before.
   */
  create(name: string): Eventually<StoredFile>;

  /**
   * Removes a file. The removal is durable after the next successful `flush` of any file of this
   * place. `reuse` says that the file never failed a write or a flush, so its space may serve a
   * later `create`, which overwrites it under whoever still reads it in another process. Handles
   * of this place on the file are closed before.
   */
  remove(name: string, options: { readonly reuse: boolean }): Eventually<void>;

  /**
   * Runs `work` in space that the place keeps for when its storage is full, and answers `true`; or `false`, having
   * run nothing, where there is none. It is asked for by work that makes room, or without which nobody can.
   */
  inReserve?(work: () => Promise<void>): Promise<boolean>;

  /** Closes the place and frees its lock. Its files are closed before. */
  close(): Eventually<void>;
}

export interface StoredFile {
  /** Length in bytes, stale bytes included. */
  size(): Eventually<number>;

  /**
   * Reads into `target` from `position` and answers the count of bytes read. A count below
   * `target.length` means that the file ends there, never anything else.
   */
  read(target: Uint8Array, position: number): Eventually<number>;

  /**
   * Writes all of `source` at `position` and answers the count of bytes written. Any answer but
   * `source.length` is a failed write. `source` must not be touched until the answer is there.
   */
  write(source: Uint8Array, position: number): Eventually<number>;

  /** Makes the file exactly `size` bytes long. Durable after the next `flush`. */
  truncate(size: number): Eventually<void>;

  /**
   * The only durability verb. When it succeeds, every byte written before the call, the length
   * of the file, its name, and every removal made in its place before the call survive power
   * loss. What is done once per name is marked done only after it succeeded. A flush that
   * overlaps a flush of the same file that fails may fail as well.
   *
   * A backend that knows that this is not so yet, because names settle later than bytes for one,
   * answers what is so of all files of this place. No answer stands for the storage's `durability`.
   */
  flush(): Eventually<Durability | void>;

  /** Closes the handle. It does not flush. Every earlier call has been answered before. */
  close(): Eventually<void>;
}
