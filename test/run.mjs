/**
 * Runs every test of this repository: `npm test`, or some of the steps: `npm test -- unit package`.
 * The last line is the sum, `N passed, N failed`, and the exit code says the same.
 *
 * This file, test/step.mjs and test/tools use nothing but Node until a step runs, so that a missing `npm ci` can be
 * said in plain words.
 */
import { existsSync } from "node:fs";
import { steps } from "./step.mjs";
import { root } from "./tools/command.mjs";
import { runOnLeash } from "./tools/leash.mjs";
import { since, Tally } from "./tools/tally.mjs";

const MINUTE = 60_000;

/** A step that takes longer hangs, and so does the whole. Both are far above what a slow machine needs. */
const stepMinutes = 15;
const wholeMinutes = 60;

const begun = performance.now();

async function runStep(name, total) {
  const start = performance.now();
  const seconds = Math.min(stepMinutes * MINUTE, begun + wholeMinutes * MINUTE - start) / 1000;
  console.log(`\n== ${steps[name].title} (${name})`);
  const tally = new Tally();
  if (seconds > 0) {
    const { code, message, isLate, left } = await runOnLeash(
      process.execPath,
      [`${root}test/step.mjs`, name],
      { seconds },
    );
    tally.add(message ?? { passed: 0, failed: 0 });
    for (const command of left)
      console.log(`  left  still running behind it, and killed: ${command.slice(0, 120)}`);
    if (isLate)
      tally.fail(`step ${name} was still running after ${(seconds / 60).toFixed(0)} minutes, and was killed`);
    else if (message === undefined)
      tally.fail(`step ${name} told no counts, and ended with exit code ${code}`);
  } else tally.fail(`step ${name} was not begun: the steps before it took ${wholeMinutes} minutes`);
  console.log(`== ${name}: ${tally.passed} passed, ${tally.failed} failed ${since(start)}`);
  total.add(tally);
}

/** The steps to run, in their fixed order, or the reason why not. */
function chooseSteps(names) {
  const unknown = names.filter((name) => !(name in steps));
  if (unknown.length > 0) {
    return { refusal: `no step ${unknown.join(", ")}; there are ${Object.keys(steps).join(", ")}` };
  }
  if (!existsSync(`${root}node_modules`)) {
    return { refusal: "node_modules is missing: run `npm ci` first, or `npm cit` for both" };
  }
  return { chosen: Object.keys(steps).filter((name) => names.length === 0 || names.includes(name)) };
}

async function main(names) {
  const { chosen, refusal } = chooseSteps(names);
  const total = new Tally();
  if (refusal) {
    console.log(refusal);
    total.failed += 1;
  }
  for (const name of chosen ?? []) await runStep(name, total);
  if (total.failures.length > 0) {
    console.log("\n== What failed");
    total.printFailures();
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
