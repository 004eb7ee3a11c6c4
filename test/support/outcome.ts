/**
 * How promises end, as values: tests say what should have become of an append without a tower of
 * `rejects` and `catch`.
 */
import { expect } from "vitest";
import { WalError, type WalErrorCode } from "../../src/index.ts";

/** The error that `promise` rejects with, which must be a `WalError` with this code. */
export async function refusal(promise: Promise<unknown>, code: WalErrorCode): Promise<WalError> {
  const error = await promise.then(
    (value) => new Error(`it was fulfilled with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WalError);
  expect((error as WalError).code, String(error)).toBe(code);
  return error as WalError;
}

/** What a synchronous call throws, which must be a `WalError` with this code. */
export function thrown(call: () => unknown, code: WalErrorCode): WalError {
  let error: unknown = new Error("it threw nothing");
  try {
    call();
  } catch (reason) {
    error = reason;
  }
  expect(error).toBeInstanceOf(WalError);
  expect((error as WalError).code, String(error)).toBe(code);
  return error as WalError;
}

/** `fulfilled`, the code of a `WalError`, or the message of anything else, for each of them. */
export async function endings(promises: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((each) => (each.status === "fulfilled" ? "fulfilled" : reasonOf(each.reason)));
}

/** Watches a promise without waiting for it. */
export function watch(promise: Promise<unknown>): { settled: boolean } {
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  return state;
}

/** Gives everything that can go on without outside help the time to do so. */
export async function idle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Goes on when `condition` holds. If it never does, the test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

function reasonOf(reason: unknown): string {
  if (reason instanceof WalError) return reason.code;
  return reason instanceof Error ? reason.message : String(reason);
}
