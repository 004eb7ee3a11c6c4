/** What tells that a storage is gone for good, with the lock that it held, from one that merely fails. */
import { WalError } from "../errors.ts";

/** Whether an operation failed because there is nothing left that it could have been done on. */
export function isGone(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof WalError && each.code === "UNAVAILABLE") return true;
  }
  return false;
}
