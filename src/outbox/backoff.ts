/** How long to wait before the next attempt. */

export interface Backoff {
  /** The first wait is at most this long. */
  readonly baseMs: number;
  /** No wait is longer, except where the other side asks for more. */
  readonly maxMs: number;
}

/**
 * Exponential, with full jitter: anything from nothing to twice as much as the time before. A wait that
 * was asked for is never cut short, and spread by up to a tenth, so that not everybody comes back at once.
 */
export function backoffMs(
  { baseMs, maxMs }: Backoff,
  attempts: number,
  random: () => number,
  afterMs?: number,
): number {
  if (afterMs !== undefined) return afterMs * (1 + random() / 10);
  return random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempts - 1, 52));
}
