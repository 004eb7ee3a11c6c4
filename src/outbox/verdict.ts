/** What a delivery function answers, and what that means for each record. */
import { reasonOf } from "../errors.ts";

/** What the other side said, for the dead letter and for messages. */
export interface ResponseNote {
  readonly status: number;
  /** The beginning of the body. */
  readonly body?: string | undefined;
}

/** It was taken. It is never delivered again. */
export interface Done {
  readonly verdict: "done";
}

/** It may have been taken or not: it is delivered again later, under the same number. */
export interface Retry {
  readonly verdict: "retry";
  readonly reason?: string | undefined;
  /** Not before so many milliseconds have passed. Without it, the outbox backs off by itself. */
  readonly afterMs?: number | undefined;
  /** Whether one record may be to blame for all: the next deliveries are half as large. */
  readonly split?: boolean | undefined;
}

/** Nothing can be delivered until somebody does something: the outbox waits for `resume()`. */
export interface Hold {
  readonly verdict: "hold";
  readonly reason?: string | undefined;
}

/** It will never be taken: it is moved to the dead letters. */
export interface Dead {
  readonly verdict: "dead";
  readonly reason?: string | undefined;
  readonly response?: ResponseNote | undefined;
}

export type FullVerdict = Done | Retry | Hold | Dead;

/** A name alone stands for the verdict without further details. */
export type Verdict = FullVerdict | FullVerdict["verdict"];

/** One verdict for the whole delivery, or one for each record, in order. */
export type Answer = Verdict | readonly Verdict[];

/**
 * One verdict for each of `count` records. An answer that makes no sense is a retry: what nobody
 * understood has not been taken for sure.
 */
export function verdictsOf(answer: unknown, count: number): FullVerdict[] {
  if (!Array.isArray(answer)) return Array.from({ length: count }, () => verdictForAll(full(answer), count));
  if (answer.length === count) return answer.map(full);
  const reason = `the delivery function answered ${answer.length} verdicts for ${count} records`;
  return Array.from({ length: count }, () => ({ verdict: "retry", reason }));
}

/** What was thrown is no verdict: whether the records were taken is not known. */
export function verdictOfError(error: unknown): Retry {
  return { verdict: "retry", reason: reasonOf(error) };
}

/** One bad record may have spoiled the rest: only a record that travels alone is dead. */
function verdictForAll(verdict: FullVerdict, count: number): FullVerdict {
  if (verdict.verdict !== "dead" || count === 1) return verdict;
  return { verdict: "retry", reason: verdict.reason, split: true, afterMs: 0 };
}

function full(verdict: unknown): FullVerdict {
  const given = (typeof verdict === "string" ? { verdict } : verdict) as FullVerdict | null | undefined;
  switch (given?.verdict) {
    case "done":
    case "retry":
    case "hold":
    case "dead":
      return given;
    default:
      return { verdict: "retry", reason: "the delivery function answered something that is no verdict" };
  }
}
