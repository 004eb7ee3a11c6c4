/**
 * The module `node:fs` with eyes on the calls that matter for durability: they are real, and on their
 * way they are written down, and fail, wait or fall short where a test says so.
 */
import type * as Fs from "node:fs";
import { basename } from "node:path";
import { promisify } from "node:util";

export interface Watch {
  calls: string[];
  /** Throws in place of the call. */
  before: (call: string) => void;
  /** Holds the answer of a waiting call back. */
  until: (call: string) => Promise<void>;
  /** The most bytes that one read or write takes. */
  bytesMax: number;
}

export const watch: Watch = unwatched();

export function resetWatch(): void {
  Object.assign(watch, unwatched());
}

function unwatched(): Watch {
  return { calls: [], before: () => {}, until: async () => {}, bytesMax: Infinity };
}

function note(call: string): void {
  watch.calls.push(call);
  watch.before(call);
}

/** To be answered by the factory of a mock. */
export function watchedFs(fs: typeof Fs): object {
  const names = new Map<number, string>();
  const waiting = (name: "fsync" | "fdatasync") => (descriptor: number, done: (error: unknown) => void) => {
    const call = `${name} ${names.get(descriptor)}`;
    const answer = async () => {
      note(call);
      await promisify(fs[name])(descriptor);
      await watch.until(call);
    };
    answer().then(() => done(null), done);
  };
  return {
    ...fs,
    openSync: (path: string, flags: string) => {
      note(`open ${flags} ${basename(path)}`);
      const descriptor = fs.openSync(path, flags);
      names.set(descriptor, basename(path));
      return descriptor;
    },
    mkdirSync: (path: string) => {
      note(`mkdir ${basename(path)}`);
      return fs.mkdirSync(path);
    },
    fsyncSync: (descriptor: number) => {
      note(`fsync ${names.get(descriptor)}`);
      fs.fsyncSync(descriptor);
    },
    fdatasyncSync: (descriptor: number) => {
      note(`fdatasync ${names.get(descriptor)}`);
      fs.fdatasyncSync(descriptor);
    },
    fsync: waiting("fsync"),
    fdatasync: waiting("fdatasync"),
    readSync: (descriptor: number, target: Uint8Array, offset: number, length: number, position: number) =>
      fs.readSync(descriptor, target, offset, Math.min(length, watch.bytesMax), position),
    read: (
      descriptor: number,
      target: Uint8Array,
      offset: number,
      length: number,
      position: number,
      done: () => void,
    ) => fs.read(descriptor, target, offset, Math.min(length, watch.bytesMax), position, done),
    writeSync: (descriptor: number, source: Uint8Array, offset: number, length: number, position: number) => {
      watch.calls.push("write");
      return fs.writeSync(descriptor, source, offset, Math.min(length, watch.bytesMax), position);
    },
    write: (
      descriptor: number,
      source: Uint8Array,
      offset: number,
      length: number,
      position: number,
      done: () => void,
    ) => {
      watch.calls.push("write");
      fs.write(descriptor, source, offset, Math.min(length, watch.bytesMax), position, done);
    },
  };
}
