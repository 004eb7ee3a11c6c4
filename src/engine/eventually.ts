/** Going on after an answer that may be there at once, without a promise where none is needed. */
import type { Eventually } from "../storage.ts";

export function isPromise<T>(value: Eventually<T>): value is Promise<T> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

/** Calls `work`, then exactly one of the other two: at once where `work` answers at once. */
export function settle<T>(
  work: () => Eventually<T>,
  done: (value: T) => void,
  failed: (cause: unknown) => void,
): void {
  let answer: Eventually<T>;
  try {
    answer = work();
  } catch (cause) {
    failed(cause);
    return;
  }
  if (isPromise(answer)) answer.then(done, failed);
  else done(answer);
}
