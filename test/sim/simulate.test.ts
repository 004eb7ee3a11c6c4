/** The tools of the random runs: the same seed is the same run, and a failing plan becomes short. */
import { expect, test } from "vitest";
import { planOf } from "./generate.ts";
import { outcomeOf } from "./main.ts";
import type { Plan } from "./plan.ts";
import { shrunk } from "./shrink.ts";

test("the same seed is the same run, operation by operation", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [one, other] = [await outcomeOf(planOf(seed)), await outcomeOf(planOf(seed))];
    expect(one.reason).toBeUndefined();
    expect(one).toEqual(other);
    expect(one.tally.operations).toBeGreaterThan(10);
  }
});

test("a failing plan is shortened to what it takes to fail", async () => {
  let seed = 1;
  while ((await takes(planOf(seed))) === undefined) seed++;
  const { plan, reason } = await shrunk(planOf(seed), takes);
  expect(reason).toBe("a batch behind a rotation");
  expect(plan.events.map((event) => event.do)).toEqual(["rotate", "batch"]);
  expect(plan.events[1]).toMatchObject({ count: 2 });
});

/** What is taken for a failure here. */
async function takes({ events }: Plan): Promise<string | undefined> {
  const rotation = events.findIndex((event) => event.do === "rotate");
  const batch = events.findIndex((event) => event.do === "batch" && event.count > 1);
  return rotation !== -1 && batch > rotation ? "a batch behind a rotation" : undefined;
}
