/** A log in a Durable Object beside plain inserts, in a workerd of this machine. Clocks stand still in there: it is timed from outside. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleWorker, folder, install } from "../../test/edge/install.mjs";
import { startWorkerd } from "../../test/edge/workerd.mjs";
import { inTurn, median, spread } from "../numbers.mjs";

const scenarios = [
  { title: "100 B, one at a time", bytes: 100, atOnce: 1, times: 200 },
  { title: "1 KiB, one at a time", bytes: 1024, atOnce: 1, times: 200 },
  { title: "100 B, 1,000 at once", bytes: 100, atOnce: 1000, times: 5 },
  { title: "1 KiB, 1,000 at once", bytes: 1024, atOnce: 1000, times: 5 },
];
const worker = { bundle: "bench", objects: "LogObject", binding: "LOGS", variables: {} };
const names = ["inserts", "walkabout"];

export async function measureEdge({ budget, scratch, progress }) {
  progress("workerd and the object");
  await install();
  await bundleWorker(worker.bundle, "bench/edge/worker.ts");
  const workerd = await startWorkerd(join(scratch, "objects"), worker);
  try {
    progress("appends");
    const results = [];
    for (const scenario of scenarios) results.push(await measureScenario(workerd, scenario, budget));
    const { version } = JSON.parse(readFileSync(join(folder, "node_modules/workerd/package.json"), "utf8"));
    return { version, scenarios: results };
  } finally {
    await workerd.kill();
  }
}

async function measureScenario(workerd, { title, ...work }, { rounds, calls }) {
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of inTurn(names, round)) {
      const begun = performance.now();
      for (let call = 0; call < calls; call++) await ask(workerd, name, work);
      const ms = performance.now() - begun;
      // The first round warms everything up.
      if (round > 0) times[name].push((calls * work.times * work.atOnce * 1000) / ms);
    }
  }
  const rows = names.map((name) => ({
    name,
    perSecond: median(times[name]),
    ratio: spread(times[name].map((each, index) => each / times.inserts[index])),
  }));
  return { title, rows };
}

async function ask(workerd, name, work) {
  const response = await fetch(workerd.url(`/${name}`), { method: "POST", body: JSON.stringify(work) });
  const text = await response.text();
  if (text !== "durable") throw new Error(`the object answered ${response.status}: ${text}`);
}
