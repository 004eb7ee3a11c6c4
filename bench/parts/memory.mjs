/** Resident memory of a process that writes much, and of one that reads it. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withContestant } from "../contestant.mjs";

const kinds = ["walkabout", "better-sqlite3", "classic-level", "lmdb"];

export async function measureMemory({ budget: { bytes }, scratch, progress }) {
  const rows = [];
  for (const peer of kinds) {
    progress(peer);
    const folder = join(scratch, "memory");
    mkdirSync(folder, { recursive: true });
    const ask = (opening, args) =>
      withContestant(async (contestant) => {
        await contestant.open(peer, folder, opening);
        const result = await contestant.ask("memory", args);
        await contestant.ask("close");
        return result;
      });
    try {
      const writing = await ask({}, { bytes });
      const reading = await ask({ reads: true }, { bytes: 0 });
      rows.push({ peer, bytes, writing, reading });
    } catch (error) {
      rows.push({ peer, failed: error.message });
    }
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}
