/** From a path that was typed to the log that it names, and the logs that lie below a folder. */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { decodeTopic, encodeTopic, parseSegmentName } from "../format/names.ts";
import type { LogAddress } from "../options.ts";
import { UsageError } from "./command.ts";
import { nearest } from "./text.ts";

export interface Found {
  readonly address: LogAddress & { readonly partition: number };
  /** As it may be typed. */
  readonly path: string;
  /** The one segment that was asked for. */
  readonly segment: string | undefined;
}

const partition = /^(0|[1-9]\d{0,9})$/;

/** The log that a path names. With `missing`, it need not be there. Throws a `UsageError`. */
export function logAt(path: string, { missing = false } = {}): Found {
  if (!exists(path)) {
    const found = toFound(path);
    if (missing && found !== undefined) return found;
    throw misnamed(path) ?? (missing ? notALog(path) : notThere(path));
  }
  if (!statSync(path).isDirectory()) {
    const name = basename(path);
    if (parseSegmentName(name) === undefined) {
      throw new UsageError(`${path} is a file; a log is a folder, <dir>/<topic>/<partition>`);
    }
    const found = toFound(dirname(resolve(path)));
    if (found === undefined) throw notALog(dirname(path));
    return { ...found, segment: name };
  }
  const found = toFound(path);
  if (found !== undefined && (missing || isLog(path))) return found;
  if (missing) throw notALog(path);
  const [first, ...more] = logsBelow(path);
  if (first === undefined) throw noLogIn(path);
  const others = more.length === 0 ? "" : ` or one of ${more.length} more`;
  throw new UsageError(`${path} is no log; did you mean ${first.path}${others}?`);
}

/** The logs in a folder of logs, in one of a topic, or the one that the folder is. */
export function logsBelow(path: string): Found[] {
  if (!exists(path)) throw notThere(path);
  if (!statSync(path).isDirectory()) return [logAt(path)];
  const self = toFound(path);
  if (self !== undefined && isLog(path)) return [self];
  const topics = [path, ...foldersIn(path)];
  const logs = topics.flatMap((topic) => foldersIn(topic).filter(isLog)).map(toFound);
  return logs.filter((each) => each !== undefined);
}

export function noLogIn(path: string): UsageError {
  const near = nearestFolder(path);
  return new UsageError(`there is no log in ${path}${near === undefined ? "" : `; did you mean ${near}?`}`);
}

/** How deep below a folder that holds no logs one that does is looked for, and in how many folders at most. */
const depthMax = 3;
const lookedAtMax = 1000;

/** The folder of logs that lies least deep below one that is none. What may not be looked into is passed over. */
export function nearestFolder(path: string): string | undefined {
  let level = [path];
  let left = lookedAtMax;
  for (let depth = 0; depth < depthMax; depth++) {
    level = level.flatMap((folder) => (left > 0 ? (tried(() => foldersIn(folder)) ?? []) : []));
    for (const folder of level) {
      if (left-- <= 0) return undefined;
      if ((tried(() => logsBelow(folder)) ?? []).length > 0) return shown(resolve(folder));
    }
  }
  return undefined;
}

function tried<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** What is said of a path that is missing: its first name that is not there, and one that is like it. */
export function notThere(path: string): UsageError {
  const parent = dirname(path);
  if (parent !== path && !exists(parent)) {
    const { message } = notThere(parent);
    const rest = message.endsWith("?") ? `${message.slice(0, -1)}${sep}${basename(path)}?` : message;
    const suggestion = /did you mean (.*)\?$/.exec(rest)?.[1];
    return new UsageError(
      suggestion !== undefined && exists(suggestion) ? rest.replace(parent, path) : message,
    );
  }
  // A link that leads nowhere is like itself.
  const names = readdirSync(parent).filter((name) => !name.startsWith(".") && exists(join(parent, name)));
  const close = nearest(basename(path), names);
  const hint = close === undefined ? "" : `; did you mean ${join(parent, close)}?`;
  return new UsageError(`there is no ${path}${hint}`);
}

function toFound(path: string): Found | undefined {
  const folder = resolve(path);
  const topic = decodeTopic(basename(dirname(folder)));
  const number = Number(basename(folder));
  if (topic === undefined || !partition.test(basename(folder)) || number > 0xffff_ffff) return undefined;
  const storage = nodeStorage(shown(dirname(dirname(folder))));
  return { address: { storage, topic, partition: number }, path: shown(folder), segment: undefined };
}

/** Relative to where we are, unless that is a longer way round. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith(`..${sep}..`) ? path : short || ".";
}

/** Where a topic was typed as it is, and its folder is named otherwise: one name may be two to the file system. */
function misnamed(path: string): UsageError | undefined {
  const folder = resolve(path);
  const topic = basename(dirname(folder));
  if (decodeTopic(topic) !== undefined) return undefined;
  const named = tried(() => toFound(join(dirname(dirname(folder)), encodeTopic(topic), basename(folder))));
  if (named === undefined) return undefined;
  return new UsageError(
    `there is no log ${path}: the folder of a topic is named in small letters, with % for others; did you mean ${named.path}?`,
  );
}

function notALog(path: string): UsageError {
  return new UsageError(
    `${path} cannot be a log: it must end in a topic and a number, <dir>/<topic>/<partition>`,
  );
}

function isLog(path: string): boolean {
  if (!partition.test(basename(path))) return false;
  return readdirSync(path).some((name) => name === "lock" || parseSegmentName(name) !== undefined);
}

function foldersIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => join(path, entry.name))
    .filter((each) => exists(each) && statSync(each).isDirectory())
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
