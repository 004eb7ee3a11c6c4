/**
 * How a check says what went wrong: what was done, and the sentence that demands something else. It
 * stands for the assertions of a test runner, of which none is needed here.
 */
import type { Clause } from "./clause.ts";

/** A promise of the contract that was not kept. */
export class ConformanceError extends Error {
  override readonly name = "ConformanceError";
  /** What happened. */
  readonly did: string;
  /** What should have. */
  readonly clause: Clause;

  constructor(did: string, clause: Clause, options?: { readonly cause: unknown }) {
    super(`${did}\nThe contract: “${clause.says}” (${clause.where})`, options);
    this.did = did;
    this.clause = clause;
  }
}

/** Throws unless `kept`. `did` tells what happened, as a whole sentence. */
export function demand(kept: boolean, clause: Clause, did: () => string): asserts kept {
  if (!kept) throw new ConformanceError(did(), clause);
}

/** Throws unless the two are the same number, text or truth value. */
export function demandSame<T extends number | string | boolean | undefined>(
  actual: T,
  expected: T,
  clause: Clause,
  what: string,
): void {
  demand(Object.is(actual, expected), clause, () => `${what} was ${shown(actual)}, not ${shown(expected)}.`);
}

/** Throws unless both lists hold the same, in any order. */
export function demandSameNames(
  actual: readonly string[],
  expected: readonly string[],
  clause: Clause,
  what: string,
): void {
  const [is, should] = [actual, expected].map((names) => names.toSorted().map(shown).join(", ") || "nothing");
  demand(is === should, clause, () => `${what} was ${is}, not ${should}.`);
}

/** Throws unless both have the same length and bytes. */
export function demandSameBytes(
  actual: Uint8Array,
  expected: Uint8Array,
  clause: Clause,
  what: string,
): void {
  demand(actual.length === expected.length, clause, () => {
    return `${what} had ${actual.length} bytes, not ${expected.length}.`;
  });
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  demand(at < 0, clause, () => {
    return `${what} had the byte ${actual[at]} at position ${at}, where ${expected[at]} was written.`;
  });
}

/** Throws unless `action` fails, and answers what it threw. `what` says what it did. */
export async function demandFailure(action: () => unknown, clause: Clause, what: string): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await action();
  } catch (error) {
    demand(error instanceof Error, clause, () => `${what} failed with ${shown(error)}, which is no Error.`);
    return error;
  }
  throw new ConformanceError(`${what} succeeded, and answered ${shown(answer)}.`, clause);
}

/** Runs `action`, and if it fails says what it was to do. */
export async function demandSuccess<T>(
  action: () => T | Promise<T>,
  clause: Clause,
  what: string,
): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof ConformanceError) throw cause;
    throw new ConformanceError(`${what} failed: ${messageOf(cause)}.`, clause, { cause });
  }
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}

export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "an object";
  return String(value);
}
