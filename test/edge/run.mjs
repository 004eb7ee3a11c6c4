/** The tests inside of a real workerd: the suites in a Durable Object, what is left of one that is killed, and journeys to it. */
import { rmSync } from "node:fs";
import { checkAccidents } from "./accidents.mjs";
import { checkCrashes } from "./crash.mjs";
import { checkExample } from "./example.mjs";
import { bundleWorkers, folder, install } from "./install.mjs";
import { checkJourney } from "./journey.mjs";
import { checkStart } from "./start.mjs";
import { withWorkerd } from "./workerd.mjs";

const parts = {
  conformance: checkConformance,
  start: checkStart,
  crashes: checkCrashes,
  accidents: checkAccidents,
  example: checkExample,
  journey: checkJourney,
};

/** Runs all parts, or the one that is asked for. */
export async function checkEdge(tally, only = undefined) {
  await install();
  await bundleWorkers();
  rmSync(`${folder}/disk`, { recursive: true, force: true });
  for (const [name, check] of Object.entries(parts)) {
    if (only === undefined || only === name) await check(tally);
  }
}

async function checkConformance(tally) {
  await withWorkerd(`${folder}/disk`, (workerd) => conformance(tally, workerd));
}

async function conformance(tally, workerd) {
  const response = await fetch(workerd.url("/conformance/conformance"), { method: "POST" });
  const results = (await response.text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const { name, state, failure } of results) {
    if (state === "skipped") console.log(`  left  ${name}`);
    else
      await tally.check(name, () => {
        if (state === "failed") throw new Error(failure);
      });
  }
}
