/** Tells that a disk, or somebody's share of it, is used up with the code that this has on every backend. */
import { reasonOf, WalError } from "../../src/errors.ts";

export function coded(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new WalError("FULL", `${reasonOf(error)}; truncate the log, or make room on the disk`, {
    cause: error,
  });
}

export function orCoded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw coded(error);
  }
}
