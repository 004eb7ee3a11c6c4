/**
 * The exclusive lock of a place: a lock of the kernel on a file that is never removed. The kernel
 * frees it when its holder closes the file or dies in whatever way, so a holder's process number may
 * be anybody's by the time the next one comes. What the file says of its owner is for messages only.
 *
 * It does not cover file systems that keep such locks to one machine while several mount them (NFS
 * with `local_lock`, some shared folders of virtual machines), nor programs that do not ask for it.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { reasonOf, WalError } from "../../src/errors.ts";
import { type Owner, readOwner } from "./owner.ts";

export interface Lock {
  release(): void;
}

export const lockName = "lock";

/**
 * Takes the lock at once or throws: `LOCKED` with the name of the holder, also when that is another
 * place object of this process, and `UNAVAILABLE` where no kernel lock can be had.
 */
export function takeLock(path: string): Lock {
  const descriptor = tryLock(path);
  if (descriptor === undefined) throw new WalError("LOCKED", `it is locked by ${ownerIn(path)}.`);
  try {
    if (!isLocked(descriptor, path)) {
      throw new WalError("UNAVAILABLE", `${runtime()} on ${process.platform} takes no lock on ${path}.`);
    }
    writeOwner(descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  let isHeld = true;
  return {
    release() {
      if (!isHeld) return;
      isHeld = false;
      clearOwner(descriptor);
      closeSync(descriptor);
    },
  };
}

/** Answers the descriptor that holds the lock, or `undefined` when somebody else does. */
function tryLock(path: string): number | undefined {
  switch (process.platform) {
    case "linux":
    case "android":
      return lockByUtility(path);
    // The next two could not be tried where this was written. If a runtime there ignores the flag,
    // `isLocked` finds out.
    case "darwin":
    case "freebsd":
      return lockByOpening(path, 0x20 /* O_EXLOCK */ | constants.O_NONBLOCK, "EAGAIN");
    case "win32":
      return lockByOpening(path, 0x1000_0000 /* UV_FS_O_EXLOCK */, "EBUSY");
    default:
      throw new WalError("UNAVAILABLE", `there is no exclusive lock for files on ${process.platform}.`);
  }
}

/**
 * No runtime offers flock(2), but such a lock belongs to the open file, not to the process: a child
 * that inherits the file takes the lock, ends, and leaves it with us. Later children do not inherit
 * the descriptor. The fourth place in `stdio` is the first that all runtimes pass on as it is.
 */
function lockByUtility(path: string): number | undefined {
  const descriptor = openSync(path, readWrite);
  let isTaken = false;
  try {
    isTaken = flock(descriptor);
  } finally {
    if (!isTaken) closeSync(descriptor);
  }
  return isTaken ? descriptor : undefined;
}

function flock(descriptor: number): boolean {
  const stdio = ["ignore" as const, "ignore" as const, "ignore" as const, descriptor];
  let result;
  try {
    result = spawnSync("flock", ["-x", "-n", String(stdio.length - 1)], { stdio });
  } catch (error) {
    throw utilityFailed(error);
  }
  if (result.error) throw utilityFailed(result.error);
  if (result.status === 0) return true;
  if (result.status === 1) return false;
  const end = result.signal ?? result.status ?? "no exit code, as when the runtime may not start it";
  throw utilityFailed(new Error(`it ended with ${end}`));
}

function utilityFailed(cause: unknown): WalError {
  const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
  const advice = isMissing ? " Install util-linux or busybox, one of which most systems have." : "";
  const message = `the lock is taken with the program flock, and that failed: ${reasonOf(cause)}.${advice}`;
  return new WalError("UNAVAILABLE", message, { cause });
}

function lockByOpening(path: string, flags: number, codeWhenLocked: string): number | undefined {
  try {
    return openSync(path, readWrite | flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === codeWhenLocked) return undefined;
    throw error;
  }
}

const readWrite = constants.O_RDWR | constants.O_CREAT;

/**
 * A runtime that ignores the flag, or passes no descriptor on to its child, makes taking the lock
 * succeed on nothing. The kernel's word is asked for, or else a second attempt has to fail.
 */
function isLocked(descriptor: number, path: string): boolean {
  try {
    if (readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1").includes("FLOCK")) return true;
  } catch {
    // There is no such file: the second attempt decides.
  }
  const second = tryLock(path);
  if (second === undefined) return true;
  closeSync(second);
  return false;
}

/** Neither a full disk nor a runtime that hides the name of the host may keep a log from being opened. */
function writeOwner(descriptor: number): void {
  try {
    const since = new Date().toISOString();
    const owner: Owner = { pid: process.pid, runtime: runtime(), host: hostname(), since };
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, `${JSON.stringify(owner)}\n`, 0);
  } catch {
    // Then the next opener is not told who holds the lock.
  }
}

function clearOwner(descriptor: number): void {
  try {
    ftruncateSync(descriptor, 0);
  } catch {
    // The record is overwritten by the next owner.
  }
}

/** Who holds the lock, as far as the file says. On Windows it cannot be read by anybody else. */
function ownerIn(path: string): string {
  const owner = readOwner(path);
  if (owner === undefined) return "another process";
  return `process ${owner.pid} (${owner.runtime}) on ${owner.host} since ${owner.since}`;
}

function runtime(): string {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return `bun ${bun}`;
  return deno === undefined ? `node ${node}` : `deno ${deno}`;
}
