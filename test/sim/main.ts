/**
 * The long random run: plan after plan, each from a seed of its own, until the time is over or something is
 * found. The last lines say what was survived, or how to see the failure again.
 */
import { planOf } from "./generate.ts";
import { described, type Plan } from "./plan.ts";
import { Run, type Tally } from "./run.ts";
import { shrunk } from "./shrink.ts";

export interface Settings {
  readonly seed: number;
  readonly minutes: number;
}

/** How many operations of the storage a failure shows. SIM_TRACE names another number. */
const traceLength = Number(process.env.SIM_TRACE ?? 40);

/** Answers the number of failures, 0 or 1. */
export async function simulate({ seed, minutes }: Settings, print: (line: string) => void): Promise<number> {
  const begun = performance.now();
  const total = { operations: 0, crashes: 0, faults: 0 };
  let runs = 0;
  let reported = begun;
  print(`random runs from seed ${seed}, for ${minutes} minutes`);
  do {
    const plan = planOf(seed + runs);
    const { tally, reason } = await outcomeOf(plan);
    for (const key of ["operations", "crashes", "faults"] as const) total[key] += tally[key];
    runs++;
    if (reason !== undefined) {
      await explain(plan, print);
      return 1;
    }
    if (performance.now() - reported < 30_000) continue;
    reported = performance.now();
    print(survived(runs, total, reported - begun));
  } while (performance.now() - begun < minutes * 60_000);
  print(survived(runs, total, performance.now() - begun));
  return 0;
}

export async function outcomeOf(
  plan: Plan,
): Promise<{ tally: Tally; reason: string | undefined; recent: string[] }> {
  const run = new Run(plan);
  try {
    await run.all();
    return { tally: run.tally, reason: undefined, recent: run.recent };
  } catch (error) {
    return { tally: run.tally, reason: reasonOf(error), recent: run.recent };
  }
}

async function explain(plan: Plan, print: (line: string) => void): Promise<void> {
  print(`\nseed ${plan.seed} fails; it is being shortened`);
  const { plan: short } = await shrunk(plan, async (each) => (await outcomeOf(each)).reason);
  const { reason, recent } = await outcomeOf(short);
  const { manner, logs, answer, sequel } = short;
  print(
    `\n  disk: ${manner.colour}, sectors of ${manner.sectorBytes} bytes, ${manner.flushesAtOnce} flushes at once, operations take up to ${manner.turnsMax} turns`,
  );
  for (const log of logs) print(`  log ${JSON.stringify(log)}`);
  print(`  the caller's answer to a rejected record: ${answer}; after something has failed: ${sequel}`);
  if (short.damage !== "none") print(`  when all is over: ${short.damage}`);
  for (const event of short.events) print(`  ${described(event, short)}`);
  print(`\nwhat the storage was asked for last:`);
  for (const line of recent.slice(-traceLength)) print(`  ${line}`);
  print(`\n${reason ?? "it does not fail again"}\n`);
  print(`FAILED with seed ${plan.seed}. To see it again: npm run sim -- --seed ${plan.seed} --minutes 0`);
}

function survived(runs: number, { operations, crashes, faults }: Tally, ms: number): string {
  const perMinute = (count: number): string =>
    Math.round((count * 60_000) / Math.max(ms, 1)).toLocaleString("en");
  return (
    `${runs} runs in ${Math.round(ms / 1000)} s; per minute: ${perMinute(operations)} operations, ` +
    `${perMinute(crashes)} crashes and ${perMinute(faults)} faults survived`
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\n  because of ${error.cause.stack}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
