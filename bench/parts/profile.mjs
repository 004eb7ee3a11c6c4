/** In which functions a log spends its time. The whole profiles are kept beside the report, for a viewer. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withContestant } from "../contestant.mjs";
import { workloadNamed } from "../workloads.mjs";

const functionsMax = 15;
const appends = [
  "one at a time, 100 B",
  "1,024 callers, 100 B",
  "1,024 callers, 1 KiB",
  "batches of 1,024, 100 B",
];

export async function profileOurs({ budget, scratch, output, progress }) {
  const results = [];
  for (const peer of ["walkabout", "walkabout-blocking"]) {
    for (const name of appends) {
      const args = { ...workloadNamed(name), ms: budget.ms };
      results.push(await profileOne({ peer, title: name, work: "append", args }));
    }
  }
  const replayed = { records: budget.ms * 500, bytes: 100 };
  results.push(
    await profileOne({ peer: "walkabout", title: "replay", fill: replayed, work: "scan", args: {} }),
  );
  return results;

  async function profileOne({ peer, title, fill, work, args }) {
    progress(`${peer}, ${title}`);
    const folder = join(scratch, "profile");
    mkdirSync(folder, { recursive: true });
    return withContestant(
      async (contestant) => {
        await contestant.open(peer, folder, { retains: fill === undefined });
        if (fill === undefined) await contestant.ask("prepare");
        else await contestant.ask("fill", fill);
        const { functions, profile } = await contestant.ask("profile", { work, args });
        const file = `${peer}, ${title}.cpuprofile`.replaceAll(/[ ,]+/g, "-");
        writeFileSync(join(output, file), JSON.stringify(profile));
        return { peer, title, file, functions: functions.slice(0, functionsMax) };
      },
      { folder },
    );
  }
}
