/**
 * What is used of the origin private file system, and how its handles are opened. It knows folders and
 * locks, and nothing of what the files hold.
 */
import { reasonOf, WalError } from "../../src/errors.ts";

/** The subset of the platform's `FileSystemSyncAccessHandle` that is used here. */
export interface SyncHandle {
  getSize(): number;
  read(target: Uint8Array, options: { readonly at: number }): number;
  write(source: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** How long handles may stay behind when the worker that held them has died, in ms. */
const handleFreedMsMax = 5000;

/** How long the browser may take to say where its files are, in ms, and how often it is asked. */
const rootMsMax = 2000;
const rootTriesMax = 5;

/** The folder at `path`, which is made when it is missing and `create` says so. */
export async function folderAt(
  path: readonly string[],
  options: { readonly create: boolean },
): Promise<FileSystemDirectoryHandle | undefined> {
  let folder = await rootFolder();
  for (const name of path) {
    try {
      folder = await folder.getDirectoryHandle(name, options);
    } catch (error) {
      if (!options.create && nameOf(error) === "NotFoundError") return undefined;
      throw error;
    }
  }
  return folder;
}

/** The names of the folders in the one at `path`, if that is there. */
export async function foldersIn(path: readonly string[]): Promise<string[]> {
  const names: string[] = [];
  const folder = await folderAt(path, { create: false });
  if (folder === undefined) return names;
  for await (const [name, entry] of folder.entries()) if (entry.kind === "directory") names.push(name);
  return names;
}

/** The exclusive lock of a folder: a handle that the browser frees when its worker dies. */
export async function lock(folder: FileSystemDirectoryHandle, label: string): Promise<SyncHandle> {
  const file = await folder.getFileHandle(lockName, { create: true });
  try {
    return await syncHandle(file);
  } catch (error) {
    if (!isTaken(error)) throw error;
    const message = `cannot open ${label} for writing: another worker or tab has it open`;
    throw new WalError("LOCKED", message, { log: label, cause: error });
  }
}

/** Opens a file under the lock. Nobody alive holds it then, but a worker that has just died may seem to. */
export async function openHandle(file: FileSystemFileHandle): Promise<SyncHandle> {
  const begun = performance.now();
  for (;;) {
    try {
      return await syncHandle(file);
    } catch (error) {
      if (!isTaken(error) || performance.now() - begun > handleFreedMsMax) throw error;
    }
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

export const lockName = "lock";

export function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : "";
}

/** An error of opening as callers catch it, with a code. */
export function named(error: unknown, label: string): WalError {
  if (error instanceof WalError) return error;
  const message = `cannot open ${label}: ${reasonOf(error)}`;
  return new WalError("UNAVAILABLE", message, { log: label, cause: error });
}

async function rootFolder(): Promise<FileSystemDirectoryHandle> {
  const storage = (globalThis as { navigator?: Partial<Navigator> }).navigator?.storage;
  if (typeof storage?.getDirectory !== "function") {
    throw new Error("there is no origin private file system here: it needs https or localhost");
  }
  // Firefox sometimes never answers while a page is being reloaded, and does when it is asked again.
  for (let tries = 0; tries < rootTriesMax; tries++) {
    const folder = await within(rootMsMax, storage.getDirectory());
    if (folder !== undefined) return folder;
  }
  throw new Error(`the browser has not answered ${rootTriesMax} times where its files are`);
}

/** What `answer` resolves to, or `undefined` when that takes too long. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function syncHandle(file: FileSystemFileHandle): Promise<SyncHandle> {
  const { createSyncAccessHandle } = file as { createSyncAccessHandle?: () => Promise<SyncHandle> };
  if (createSyncAccessHandle !== undefined) return createSyncAccessHandle.call(file);
  throw new Error("createSyncAccessHandle is missing: it exists in dedicated workers alone");
}

function isTaken(error: unknown): boolean {
  return nameOf(error) === "NoModificationAllowedError";
}
