/**
 * Any storage with a hook in front of it. The hook hears of each operation before it happens, and may
 * let it pass, fail it, cut it short, fail it after it was done, or hold it. What answers at once goes on
 * answering at once, and what answers with a promise goes on answering with one.
 */
import type { Eventually, Place, Storage, StoredFile } from "../../src/storage.ts";
import { whenThere } from "./when-there.ts";

export type Operation =
  | "open"
  | "list"
  | "create"
  | "remove"
  | "close"
  | "size"
  | "read"
  | "write"
  | "truncate"
  | "flush";

export interface Call {
  readonly op: Operation;
  /** The name of the file. Empty where the operation is on the place itself. */
  readonly name: string;
  /** Of a read or write. */
  readonly position?: number;
  /** Of a read or write the number of bytes asked for, of a truncation the new size. */
  readonly length?: number;
  /** Of a write. */
  readonly source?: Uint8Array;
}

/** What a hook asks for, besides throwing before the operation. */
export interface Fault {
  /** Of a write: how many of the bytes are really written. */
  readonly bytes?: number;
  /** Of a write or read: the count that is answered, whatever was done. */
  readonly answer?: number;
  /** Thrown when the operation has been done. */
  readonly afterwards?: unknown;
}

/** A promise holds the operation, and may only be given where the operation answers with one. */
export type Hook = (call: Call) => Fault | void | Promise<Fault | void>;

export type Method = `${"storage" | "place" | "file"}.${Operation}`;

/** For a storage of which everything answers with promises. */
export const everyMethod: ReadonlySet<Method> = new Set<Method>([
  "storage.open",
  ...(["list", "open", "create", "remove", "close"] as const).map((name): Method => `place.${name}`),
  ...(["size", "read", "write", "truncate", "flush", "close"] as const).map((name): Method => `file.${name}`),
]);

export interface FaultyOptions {
  /** Asked for each operation, so that the hook may change. */
  readonly hook: () => Hook | undefined;
  /** The methods of the storage that answer with a promise. */
  readonly promised: ReadonlySet<Method>;
  readonly now?: () => number;
  readonly flushesAtOnce?: number;
}

export function faultyStorage(inner: Storage, options: FaultyOptions): Storage {
  const through = passage(options);
  return {
    name: inner.name,
    durability: inner.durability,
    ...(inner.written && { written: inner.written }),
    flushesAtOnce: options.flushesAtOnce ?? inner.flushesAtOnce,
    now: options.now ?? (() => inner.now()),
    elapsed: () => inner.elapsed(),
    sleep: (ms) => inner.sleep(ms),
    open: (path, open) =>
      through("storage.open", { name: "" }, () =>
        whenThere(inner.open(path, open), (place) => place && faultyPlace(place, through)),
      ),
    list: (path) => inner.list(path),
  };
}

function faultyPlace(place: Place, through: Passage): Place {
  const file = (name: string) => (opened: StoredFile) => faultyFile(name, opened, through);
  return {
    list: () => through("place.list", { name: "" }, () => place.list()),
    open: (name) => through("place.open", { name }, () => whenThere(place.open(name), file(name))),
    create: (name) => through("place.create", { name }, () => whenThere(place.create(name), file(name))),
    remove: (name, how) => through("place.remove", { name }, () => place.remove(name, how)),
    close: () => through("place.close", { name: "" }, () => place.close()),
  };
}

function faultyFile(name: string, file: StoredFile, through: Passage): StoredFile {
  return {
    size: () => through("file.size", { name }, () => file.size()),
    read: (target, position) =>
      through("file.read", { name, position, length: target.length }, ({ answer }) =>
        whenThere(file.read(target, position), (count) => answer ?? count),
      ),
    write: (source, position) =>
      through("file.write", { name, position, length: source.length, source }, ({ bytes, answer }) => {
        const part = bytes === undefined ? source : source.subarray(0, bytes);
        return whenThere(file.write(part, position), (count) => answer ?? count);
      }),
    truncate: (size) => through("file.truncate", { name, length: size }, () => file.truncate(size)),
    flush: () => through("file.flush", { name }, () => file.flush()),
    close: () => through("file.close", { name }, () => file.close()),
  };
}

type Passage = <T>(
  method: Method,
  call: Omit<Call, "op">,
  work: (fault: Fault) => Eventually<T>,
) => Eventually<T>;

/** Lets every operation through one gate. What a method's colour is said to be is checked each time. */
function passage({ hook, promised }: FaultyOptions): Passage {
  return (method, rest, work) => {
    const call = { op: method.slice(method.indexOf(".") + 1) as Operation, ...rest };
    if (promised.has(method)) return later(method, () => hook()?.(call), work);
    const fault = hook()?.(call) ?? {};
    if (isPromise(fault)) throw new Error(`${method} answers at once and cannot be held`);
    const answer = work(fault);
    if (isPromise(answer)) throw new Error(`${method} was said to answer at once`);
    if ("afterwards" in fault) throw fault.afterwards;
    return answer;
  };
}

async function later<T>(
  method: Method,
  ask: () => ReturnType<Hook>,
  work: (fault: Fault) => Eventually<T>,
): Promise<T> {
  const fault = (await ask()) ?? {};
  const answer = work(fault);
  if (!isPromise(answer)) throw new Error(`${method} was said to answer with a promise`);
  const value = await answer;
  if ("afterwards" in fault) throw fault.afterwards;
  return value;
}

function isPromise<T>(value: Eventually<T>): value is Promise<T> {
  return value instanceof Promise;
}
