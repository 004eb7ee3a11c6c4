/**
 * Random lives of an outbox and a receiver. Each run of this file has new seeds; a failure tells its own, and
 * EXCHANGE_SEED=N runs that one alone. EXCHANGE_RUNS says how many.
 */
import { expect, test } from "vitest";
import { Run } from "./run.ts";

const { EXCHANGE_SEED, EXCHANGE_RUNS, TEST_RUN } = process.env;
const runs = Number(EXCHANGE_RUNS ?? (TEST_RUN === "quick" ? 20 : 200));
const first = Math.floor(Math.random() * 2 ** 31);
const seeds =
  EXCHANGE_SEED === undefined
    ? Array.from({ length: runs }, (_, index) => first + index)
    : [Number(EXCHANGE_SEED)];

test(
  "each record is received once and in order, whatever crashes in between",
  { timeout: 3_600_000 },
  async () => {
    const total: Record<string, number> = {};
    for (const seed of seeds) {
      const run = new Run(seed);
      try {
        await run.all();
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}. To see it again: EXCHANGE_SEED=${seed}`, {
          cause: error,
        });
      }
      for (const [name, count] of Object.entries(run.tally)) total[name] = (total[name] ?? 0) + count;
    }
    console.log(`${seeds.length} runs from seed ${seeds[0]}: ${JSON.stringify(total)}`);
    if (seeds.length < 20) return;
    // A run in which nothing happens proves nothing.
    for (const [name, count] of Object.entries(total)) expect(count, name).toBeGreaterThan(0);
  },
);

test("a seed is lived through in the same way each time", async () => {
  const tallies = [];
  for (let time = 0; time < 2; time++) {
    const run = new Run(seeds[0]!);
    await run.all();
    tallies.push(run.tally);
  }
  expect(tallies[1]).toEqual(tallies[0]);
});
