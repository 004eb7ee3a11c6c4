/** How long acknowledgements take under a steady load, across rotations, and how long the event loop is kept. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { attempt, withContestant } from "../contestant.mjs";
import { inTurn, median, spread } from "../numbers.mjs";

/** Records of 1 KiB every 5 ms, in segments that are full after 128 ticks. */
export const load = { tickMs: 5, perTick: 8, bytes: 1024 };
const segmentBytes = 2 ** 20;

const kinds = [
  { peer: "raw" },
  { peer: "walkabout", isOurs: true },
  { peer: "walkabout-blocking", isOurs: true },
  { peer: "better-sqlite3" },
  { peer: "classic-level" },
  { peer: "lmdb" },
];

export async function measureLatencies({ budget, scratch, progress }) {
  const entries = kinds.map((kind) => ({ ...kind, rounds: [] }));
  for (let round = 0; round < budget.rounds; round++) {
    for (const entry of inTurn(entries, round)) {
      const isShort = entry.peer !== "raw" && !entry.isOurs;
      if (entry.failed !== undefined || (isShort && round >= budget.peerRounds)) continue;
      progress(`${entry.peer}, round ${round + 1}`);
      const ms = isShort ? budget.peerMs : budget.ms;
      await attempt(entry, async () => {
        entry.rounds.push({ ms, ...(await measureOnce(entry.peer, ms, scratch)) });
      });
    }
  }
  return entries.map(rowOf);
}

async function measureOnce(peer, ms, scratch) {
  const folder = join(scratch, "latency");
  mkdirSync(folder, { recursive: true });
  return withContestant(
    async (contestant) => {
      await contestant.open(peer, folder, { callers: load.perTick, segmentBytes, retains: true });
      await contestant.ask("prepare");
      await contestant.ask("latency", { ...load, ms: Math.min(500, ms) });
      return contestant.ask("latency", { ...load, ms });
    },
    { folder },
  );
}

function rowOf({ peer, failed, rounds }) {
  if (failed !== undefined) return { peer, failed };
  const { quantiles } = rounds[0];
  return {
    peer,
    seconds: rounds.reduce((sum, { ms }) => sum + ms, 0) / 1000,
    rotations: rounds[0].rotations && rounds.reduce((sum, { rotations }) => sum + rotations, 0),
    quantiles: quantiles.map((_, index) => spread(rounds.map((round) => round.quantiles[index]))),
    longestTurnMs: Math.max(...rounds.map(({ longestTurnMs }) => longestTurnMs)),
    blockedShare: median(rounds.map(({ blockedShare }) => blockedShare)),
  };
}
