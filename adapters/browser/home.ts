/**
 * Where a log lives in this browser: in the origin private file system where that works, and in IndexedDB where it
 * does not. A log that is there already stays where it is, so that none is ever taken for empty because the
 * other half of the browser's storage answered.
 */
import { WalError } from "../../src/errors.ts";
import type { Storage } from "../../src/storage.ts";
import { folderAt } from "../opfs/platform.ts";

export type Home = "opfs" | "indexeddb";

export interface Homes {
  readonly directory: string;
  readonly indexedDb: Storage;
  /** Answers the storage of handles, or why there is none here. */
  opfs(): Promise<Storage | string>;
}

export interface Chosen {
  readonly home: Home;
  readonly storage: Storage;
  readonly why: string;
  /** Whether a log was there. */
  readonly isNew: boolean;
}

export async function chooseHome(homes: Homes, path: readonly string[], preferred: Home): Promise<Chosen> {
  const [inFiles, inDatabase] = await Promise.all([
    isInFiles([homes.directory, ...path]),
    isInDatabase(homes.indexedDb, path),
  ]);
  const database = (why: string): Chosen => {
    return { home: "indexeddb", storage: homes.indexedDb, why, isNew: !inDatabase };
  };
  if (inDatabase && !inFiles) return database("the log is there");
  if (preferred === "indexeddb" && !inFiles) return database("it was asked for");
  const storage = await homes.opfs();
  if (typeof storage !== "string") {
    const why = inFiles ? "the log is there" : "handles work here";
    return { home: "opfs", storage, why, isNew: !inFiles };
  }
  if (!inFiles) return database(storage);
  const message = `log ${path.join("/")} lies in the origin private file system, which cannot be used now: ${storage}`;
  throw new WalError("UNAVAILABLE", message, { log: path.join("/") });
}

async function isInFiles(path: readonly string[]): Promise<boolean> {
  try {
    return (await folderAt(path, { create: false })) !== undefined;
  } catch {
    return false;
  }
}

async function isInDatabase(storage: Storage, path: readonly string[]): Promise<boolean> {
  const place = await Promise.resolve(storage.open(path, { mode: "read" })).catch(() => undefined);
  await place?.close();
  return place !== undefined;
}
