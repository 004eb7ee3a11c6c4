/**
 * One open file, in two colours: one that answers at once, and one that lets the event loop go on
 * while the disk works. Neither knows its name or what its bytes mean; the folder it lies in is
 * known as far as a flush has to cover it.
 */
import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncate,
  ftruncateSync,
  openSync,
  read,
  readSync,
  unlinkSync,
  write,
  writeSync,
} from "node:fs";
import type { StoredFile } from "../../src/storage.ts";
import type { Folder } from "./folder.ts";
import { coded, orCoded } from "./full.ts";

export interface OpenFileOptions {
  /** `r` reads only, `r+` needs the file to be there, `wx+` creates it and fails when it is there. */
  readonly flags: "r" | "r+" | "wx+";
  readonly blocking: boolean;
  readonly flushesAtOnce: number;
  /** Where the name of the file stands. Without one, a flush covers the file alone. */
  readonly folder?: Folder;
}

export function openFile(path: string, options: OpenFileOptions): StoredFile {
  const descriptors = openDescriptors(path, options.flags, options.flushesAtOnce);
  return options.blocking
    ? new BlockingFile(descriptors[0]!, options.folder)
    : new WaitingFile(descriptors, options.folder);
}

class BlockingFile implements StoredFile {
  #descriptor: number;
  readonly #folder: Folder | undefined;

  constructor(descriptor: number, folder: Folder | undefined) {
    this.#descriptor = descriptor;
    this.#folder = folder;
  }

  size(): number {
    return fstatSync(this.#descriptor).size;
  }

  read(target: Uint8Array, position: number): number {
    return readNow(this.#descriptor, target, position);
  }

  write(source: Uint8Array, position: number): number {
    return orCoded(() => writeNow(this.#descriptor, source, position));
  }

  truncate(size: number): void {
    orCoded(() => ftruncateSync(this.#descriptor, size));
  }

  flush(): void {
    orCoded(() => {
      fdatasyncSync(this.#descriptor);
      if (this.#folder?.isDirty) this.#folder.flushNow();
    });
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = closed;
    if (descriptor !== closed) closeSync(descriptor);
  }
}

class WaitingFile implements StoredFile {
  #descriptors: readonly number[];
  /** Those on which no flush runs. */
  #idle: number[];
  #failedFlushes = 0;
  #readsAtOnce = 0;
  readonly #folder: Folder | undefined;

  constructor(descriptors: readonly number[], folder: Folder | undefined) {
    this.#descriptors = descriptors;
    this.#idle = [...descriptors];
    this.#folder = folder;
  }

  size(): number {
    return fstatSync(this.#first).size;
  }

  /**
   * What is copied faster than a thread would take it over is read before this returns, except now and then: in a long
   * row of such reads the event loop would not turn.
   */
  async read(target: Uint8Array, position: number): Promise<number> {
    return target.length <= readBlockingBytesMax && ++this.#readsAtOnce % readsAtOnceMax > 0
      ? orCoded(() => readNow(this.#first, target, position))
      : readLater(this.#first, target, position);
  }

  /** The same for what is written. */
  async write(source: Uint8Array, position: number): Promise<number> {
    return source.length <= writeBlockingBytesMax
      ? orCoded(() => writeNow(this.#first, source, position))
      : writeLater(this.#first, source, position);
  }

  truncate(size: number): Promise<void> {
    return asPromise((done) => ftruncate(this.#first, size, done));
  }

  /**
   * Each of the flushes at one time has a description of the file of its own, because the kernel
   * reports a write error once on each description, and to no second flush on the same one. A
   * flush that was under way while another one failed has failed too: the order in which they
   * reached the folder is unknown.
   */
  async flush(): Promise<void> {
    const idle = this.#idle;
    const descriptor = idle.pop();
    if (descriptor === undefined) throw new Error("A flush was asked for while as many as are allowed ran.");
    const failedBefore = this.#failedFlushes;
    try {
      await asPromise((done) => fdatasync(descriptor, done));
      if (this.#folder?.isDirty) await this.#folder.flushLater();
      if (this.#failedFlushes > failedBefore) throw new Error("Another flush failed while this one ran.");
    } catch (error) {
      this.#failedFlushes++;
      throw coded(error);
    } finally {
      idle.push(descriptor);
    }
  }

  async close(): Promise<void> {
    const descriptors = this.#descriptors;
    this.#descriptors = [];
    this.#idle = [closed];
    const closings = descriptors.map((descriptor) => asPromise((done) => close(descriptor, done)));
    await Promise.all(closings);
  }

  /** Through which everything but a flush goes. */
  get #first(): number {
    return this.#descriptors[0] ?? closed;
  }
}

/** No descriptor: every call on it fails, where the number of a closed one may be another file's by now. */
const closed = -1;

/**
 * See bench/node-calls.mjs: above it, a blocking write keeps the event loop longer than a switch of threads, and so does a
 * blocking read whose bytes the disk has to bring first.
 */
const writeBlockingBytesMax = 262_144;
const readBlockingBytesMax = 4096;
const readsAtOnceMax = 64;

function openDescriptors(path: string, flags: OpenFileOptions["flags"], count: number): number[] {
  const descriptors: number[] = [];
  try {
    while (descriptors.length < count) {
      descriptors.push(openSync(path, descriptors.length === 0 ? flags : again(flags)));
    }
    return descriptors;
  } catch (error) {
    for (const descriptor of descriptors) closeSync(descriptor);
    if (flags === "wx+" && descriptors.length > 0) unlinkSync(path);
    throw error;
  }
}

/** A file can be created once; its other descriptions just open it. */
function again(flags: OpenFileOptions["flags"]): "r" | "r+" {
  return flags === "wx+" ? "r+" : flags;
}

type Done<T> = (error: Error | null, value: T) => void;

function asPromise<T = void>(call: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(coded(error)) : resolve(value)));
  });
}

function readNow(descriptor: number, target: Uint8Array, position: number): number {
  return inPieces(target.length, (from) =>
    readSync(descriptor, target, from, target.length - from, position + from),
  );
}

function readLater(descriptor: number, target: Uint8Array, position: number): Promise<number> {
  return inLaterPieces(target.length, (from, done) =>
    read(descriptor, target, from, target.length - from, position + from, done),
  );
}

function writeNow(descriptor: number, source: Uint8Array, position: number): number {
  return inPieces(source.length, (from) =>
    writeSync(descriptor, source, from, source.length - from, position + from),
  );
}

function writeLater(descriptor: number, source: Uint8Array, position: number): Promise<number> {
  return inLaterPieces(source.length, (from, done) =>
    write(descriptor, source, from, source.length - from, position + from, done),
  );
}

/** The system may move fewer bytes than it was asked to: the rest of a short write says why it was one. */
function inPieces(length: number, move: (from: number) => number): number {
  let moved = 0;
  while (moved < length) {
    const count = move(moved);
    if (count === 0) break;
    moved += count;
  }
  return moved;
}

async function inLaterPieces(
  length: number,
  move: (from: number, done: Done<number>) => void,
): Promise<number> {
  let moved = 0;
  while (moved < length) {
    const from = moved;
    const count = await asPromise<number>((done) => move(from, done));
    if (count === 0) break;
    moved += count;
  }
  return moved;
}
