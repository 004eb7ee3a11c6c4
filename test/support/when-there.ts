import type { Eventually } from "../../src/storage.ts";

/** Calls `next` at once with what is there, and with what is promised when that is there. */
export function whenThere<T, U>(value: Eventually<T>, next: (value: T) => U): Eventually<U> {
  return value instanceof Promise ? value.then(next) : next(value as T);
}
