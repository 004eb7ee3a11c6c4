/** Reading everything back, the first pass in a fresh process, opening included. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { attempt, withContestant } from "../contestant.mjs";
import { median, spread } from "../numbers.mjs";
import { peers } from "../peers.mjs";

const bytes = 100;

/** A log is read in two ways; its blocking storage is the one measured against the blocking raw loop. */
const ways = peers.flatMap(({ name, share = 1 }) => {
  const values = { name, share, method: "scan" };
  return name === "walkabout" ? [values, { ...values, method: "scanRecords" }] : [values];
});

export async function measureReplay({ budget, scratch, progress }) {
  const entries = ways.map((way) => ({ ...way, rounds: [] }));
  const folderOf = ({ name }) => join(scratch, "replay", name.replace(":", "-"));
  for (const entry of entries) {
    progress(`a log of ${entry.name}`);
    await attempt(entry, () => makeOnce(folderOf(entry), entry, budget));
  }
  progress("reading");
  for (let round = 0; round < budget.rounds; round++) {
    for (const entry of entries) {
      await attempt(entry, async () => entry.rounds.push(await readOnce(folderOf(entry), entry, budget)));
    }
  }
  rmSync(join(scratch, "replay"), { recursive: true, force: true });
  const raw = entries[0];
  return entries.map((entry) => rowOf(entry, raw));
}

async function makeOnce(folder, { name, share, method }, { records }) {
  if (method !== "scan") return;
  mkdirSync(folder, { recursive: true });
  await withContestant(async (contestant) => {
    await contestant.open(name, folder, { relaxed: true });
    await contestant.ask("fill", { records: records * share, bytes });
    await contestant.ask("close");
  });
}

/** Answers records a second. */
async function readOnce(folder, { name, share, method }, { records }) {
  return withContestant(async (contestant) => {
    const opened = await contestant.open(name, folder, { reads: true });
    const { ms } = await contestant.ask("scan", { method });
    return ((records * share) / (opened.ms + ms)) * 1000;
  });
}

function rowOf({ name, method, share, failed, rounds }, raw) {
  const row = { peer: name, objects: method === "scanRecords", share };
  if (failed !== undefined || raw.rounds.length < rounds.length)
    return { ...row, failed: failed ?? raw.failed };
  return {
    ...row,
    perSecond: median(rounds),
    ratio: spread(rounds.map((perSecond, index) => perSecond / raw.rounds[index])),
  };
}
