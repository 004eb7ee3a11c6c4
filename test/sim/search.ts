/** All searches behind one door, for whoever wants to know which of them finds something first. */
import { crashEverywhere } from "./crash-everywhere.ts";
import { brokenPlans, survive } from "./errors-everywhere.ts";
import { type Damage, damages, judged, type Victim, victims } from "./every-byte.ts";
import { planOf } from "./generate.ts";
import { outcomeOf } from "./main.ts";
import type { Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { workload, workloads } from "./workloads.ts";
import { type Manner, plain } from "./world.ts";

export interface Finding {
  /** How many crashes, runs or damages it took, or were tried in vain. */
  readonly tries: number;
  /** What was found, or nothing. */
  readonly reason: string | undefined;
}

type Search = (seed: number, isOver: () => boolean) => Promise<Finding>;

const overlapping: Manner = { ...plain, colour: "async", flushesAtOnce: 3, turnsMax: 3 };

export const searches: Readonly<Record<string, Search>> = {
  "crash everywhere": async (seed, isOver) => {
    const count = { crashes: 0, recoveries: 0 };
    const search = { seed, rounds: 1, again: ["nothing", "all", "sectors"] } as const;
    const shuffled = new Random(seed).shuffled(plans());
    const reason = await firstReason(isOver, shuffled, (plan) => crashEverywhere(plan, search, count));
    return { tries: Math.max(1, count.crashes), reason };
  },
  "errors everywhere": async (seed, isOver) => {
    const count = { runs: 0, failed: 0 };
    const all: Plan[] = [];
    try {
      for (const plan of plans()) all.push(...(await brokenPlans(plan)));
    } catch (error) {
      // It fails without any help.
      return { tries: 1, reason: (error as Error).message };
    }
    const shuffled = new Random(seed).shuffled(all);
    const reason = await firstReason(isOver, shuffled, (plan) => survive(plan, count));
    return { tries: Math.max(1, count.runs), reason };
  },
  "random runs": async (seed, isOver) => {
    for (let tries = 1; ; tries++) {
      const { reason } = await outcomeOf(planOf(seed + tries));
      if (reason !== undefined || isOver()) return { tries, reason };
    }
  },
  "every byte": async (seed, isOver) => {
    let tries = 0;
    const all: [Victim, Damage][] = [];
    for (const victim of await victims()) {
      for (const damage of damages(victim, [1, 64])) all.push([victim, damage]);
    }
    for (const [victim, damage] of new Random(seed).shuffled(all)) {
      if (isOver()) break;
      tries++;
      const reason = await judged(victim, damage).then(
        () => undefined,
        (error: Error) => error.message,
      );
      if (reason !== undefined) return { tries, reason };
    }
    return { tries, reason: undefined };
  },
};

function* plans(): Generator<Plan> {
  for (const manner of [plain, overlapping])
    for (const events of Object.values(workloads)) yield workload(events, manner);
}

async function firstReason<T>(
  isOver: () => boolean,
  each: Iterable<T>,
  attempt: (each: T) => Promise<void>,
): Promise<string | undefined> {
  for (const one of each) {
    if (isOver()) return undefined;
    try {
      await attempt(one);
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}
