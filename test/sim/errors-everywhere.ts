/**
 * Lets every operation of a workload fail, in every way in which it can, once and for good; the caller tries
 * the same record again, or another, or nothing; and the log goes on, is opened again, or loses its power.
 */
import type { Operation } from "../support/faulty-storage.ts";
import { described, type Plan } from "./plan.ts";
import { failures } from "./generate.ts";
import { Run } from "./run.ts";

export interface Errors {
  runs: number;
  /** Operations that really failed. */
  failed: number;
}

/** What fails without changing anything is tried with one answer and one sequel at a time, in turn. */
const harmless: ReadonlySet<Operation> = new Set(["open", "size", "read", "list", "close"]);
const answers = ["same", "other", "nothing"] as const;
const sequels = ["go on", "open again", "lose power"] as const;

/** Throws when one of them is not survived. */
export async function errorsEverywhere(workload: Plan, count: Errors): Promise<void> {
  for (const plan of await brokenPlans(workload)) await survive(plan, count);
}

/** A plan for each way in which an operation of the workload may fail, with each answer and sequel. */
export async function brokenPlans(workload: Plan): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const [op, times] of await operationsOf(workload)) {
    for (let after = 0; after < times; after++) {
      for (const how of failures[op] ?? []) {
        for (const each of [1, Infinity]) {
          const fault = { do: "fault", op, after, times: each, how, seed: after + 1 } as const;
          const turn = plans.length;
          for (const answer of harmless.has(op) ? [answers[turn % 3]!] : answers) {
            for (const sequel of harmless.has(op) ? [sequels[Math.floor(turn / 3) % 3]!] : sequels) {
              plans.push({ ...workload, answer, sequel, events: [fault, ...workload.events] });
            }
          }
        }
      }
    }
  }
  return plans;
}

export async function survive(plan: Plan, count: Errors): Promise<void> {
  const run = new Run(plan);
  count.runs++;
  try {
    await run.all();
  } catch (error) {
    const first = described(plan.events[0]!, plan);
    const title = `${first}; the answer was "${plan.answer}", and then it was to ${plan.sequel}`;
    throw new Error(`${title}: ${(error as Error).message}`, { cause: error });
  } finally {
    count.failed += run.faults.met;
  }
}

/** How often a workload does each operation. */
async function operationsOf(workload: Plan): Promise<Map<Operation, number>> {
  const counts = new Map<Operation, number>();
  const run = new Run(workload);
  run.onlooker = ({ op }) => void counts.set(op, (counts.get(op) ?? 0) + 1);
  await run.all();
  return counts;
}
