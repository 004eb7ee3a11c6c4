/** How many values a second a contestant keeps. */
import type { Contestant } from "./contestants.ts";

export interface Scenario {
  readonly bytes: number;
  /** How many are there at once: 1, or 1,000. */
  readonly atOnce: number;
  readonly ms: number;
}

export interface Measured {
  readonly values: number;
  readonly ms: number;
}

export async function measure(contestant: Contestant, { bytes, atOnce, ms }: Scenario): Promise<Measured> {
  const value = new Uint8Array(bytes).fill(120);
  const many = Array.from({ length: atOnce }, () => value);
  const begun = performance.now();
  let values = 0;
  let elapsed = 0;
  while (elapsed < ms) {
    await (atOnce === 1 ? contestant.append(value) : contestant.appendMany(many));
    values += atOnce;
    elapsed = performance.now() - begun;
  }
  return { values, ms: elapsed };
}
