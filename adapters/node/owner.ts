/**
 * What the file of a lock says of who holds it. That is for messages only: the lock itself is the kernel's, and
 * a holder that died leaves its name behind.
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { hostname } from "node:os";

export interface Owner {
  readonly pid: number;
  readonly runtime: string;
  readonly host: string;
  /** When the lock was taken, as an ISO date. */
  readonly since: string;
}

export function readOwner(path: string): Owner | undefined {
  try {
    const owner = JSON.parse(readStart(path)) as Owner;
    return typeof owner.pid === "number" ? owner : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether the owner still has the file open, without touching the lock. Where that cannot be looked up, a living
 * process of that number is taken for the owner; of other machines nothing is known.
 */
export function isHolding({ pid, host }: Owner, path: string): boolean | undefined {
  if (host !== hostname()) return undefined;
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((name) => linkOf(`${folder}/${name}`) === path);
  } catch {
    return isAlive(pid);
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function readStart(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    const bytes = new Uint8Array(1024);
    return new TextDecoder().decode(bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0)));
  } finally {
    closeSync(descriptor);
  }
}
