/** What everybody is told whose records did not become durable. */
import { reasonOf, WalError } from "../errors.ts";
import type { Core } from "./core.ts";

/** `next` is the offset behind the last record that was on its way. */
export function flushFailed(core: Core, next: number, action: string, cause: unknown): WalError {
  const { active, identity, durable } = core;
  const { name } = active.segment;
  const lost = next > durable ? ` The records from offset ${durable} to ${next - 1} are not in the log.` : "";
  const message = `cannot ${action} segment ${name} of log ${identity.label}: ${reasonOf(cause)}.${lost}`;
  // That there is no room left has a code of its own, wherever it shows.
  const code = cause instanceof WalError && cause.code === "FULL" ? cause.code : "FLUSH_FAILED";
  return new WalError(code, message, {
    log: identity.label,
    segment: name,
    first: durable,
    next,
    cause,
  });
}
