/**
 * Appends: each workload is done by everybody in turn, for some milliseconds a round, each in a process of its own. A figure is a
 * ratio to the raw loop of the same round.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { attempt, Contestant } from "../contestant.mjs";
import { inTurn, median, spread } from "../numbers.mjs";
import { peers } from "../peers.mjs";
import { durableWorkloads, relaxedWorkloads } from "../workloads.mjs";

export const measureDurable = (context) => measureAll(durableWorkloads, context);
export const measureRelaxed = (context) => measureAll(relaxedWorkloads, context);

async function measureAll(workloads, context) {
  const { without = [] } = context.budget;
  const results = [];
  for (const workload of workloads) {
    if (without.some((part) => workload.name.includes(part))) continue;
    context.progress(workload.name);
    results.push({ workload: workload.name, rows: await measureWorkload(workload, context) });
  }
  return results;
}

async function measureWorkload(workload, { budget, scratch }) {
  const folder = join(scratch, "append");
  const entries = peers.map(({ name }) => ({ name, contestant: new Contestant(), rounds: [] }));
  try {
    for (const entry of entries) {
      await attempt(entry, async () => {
        const { callers, relaxed = false } = workload;
        const { segmentBytes } = budget;
        const own = join(folder, entry.name.replace(":", "-"));
        mkdirSync(own, { recursive: true });
        await entry.contestant.open(entry.name, own, { callers, relaxed, segmentBytes, retains: true });
        await entry.contestant.ask("prepare");
      });
    }
    for (let round = 0; round <= budget.rounds; round++) {
      const measured = new Map();
      for (const entry of inTurn(entries, round)) {
        await attempt(entry, async () => {
          const result = await entry.contestant.ask("append", { ...workload, ms: budget.ms });
          measured.set(entry, result);
        });
      }
      // The first round warms everything up.
      if (round > 0) noteRound(entries, measured);
    }
  } finally {
    await Promise.all(entries.map(({ contestant }) => contestant.kill()));
    rmSync(folder, { recursive: true, force: true });
  }
  return entries.map(rowOf);
}

function noteRound(entries, measured) {
  const raw = measured.get(entries[0]);
  if (raw === undefined) return;
  for (const [entry, result] of measured) {
    entry.rounds.push({ ...result, ratio: result.perSecond / raw.perSecond });
  }
}

function rowOf({ name, failed, rounds }) {
  if (failed !== undefined || rounds.length === 0) return { peer: name, failed: failed ?? "no raw round" };
  const of = (key) => rounds.map((round) => round[key]);
  return {
    peer: name,
    perSecond: median(of("perSecond")),
    ratio: spread(of("ratio")),
    p50: median(of("p50")),
    p99: median(of("p99")),
  };
}
