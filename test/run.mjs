/**
 * Runs every test of this repository: `npm test`, or some of the steps: `npm test -- unit package`.
 * The last line is the sum, `N passed, N failed`, and the exit code says the same.
 *
 * This file and test/tools use nothing but Node until a step runs, so that a missing `npm ci` can be
 * said in plain words.
 */
import { existsSync } from "node:fs";
import { root, runOrThrow } from "./tools/command.mjs";
import { since, Tally } from "./tools/tally.mjs";
import { runVitest } from "./tools/vitest.mjs";

const steps = {
  check: { title: "Types, lint, format", run: checkSource },
  build: { title: "Build", run: build },
  unit: { title: "Unit tests", run: (tally) => runVitest("unit", tally) },
  cli: { title: "The command-line tool, as built", run: (tally) => runVitest("cli", tally) },
  sim: { title: "The simulator: searches, random runs, controls", run: simulate },
  browser: { title: "Browsers", run: checkBrowsers },
  edge: { title: "Durable Objects, in workerd", run: checkEdge },
  real: { title: "Real faults: kills, errors, full disks, losses of power", run: checkReal },
  runtimes: { title: "The Node backend inside of Bun, Deno and other Nodes", run: checkRuntimes },
  package: { title: "The package, as users install it", run: checkPackage },
};

async function checkSource(tally) {
  for (const script of ["check:types", "check:lint", "check:format"]) {
    await tally.check(script, () => npmRun(script));
  }
}

async function build(tally) {
  await tally.check("build", () => npmRun("build"));
}

async function simulate(tally) {
  await runVitest("sim", tally);
  const { checkSimulator } = await import("./sim/step.mjs");
  await checkSimulator(tally);
}

async function checkBrowsers(tally) {
  const { checkBrowsers: run } = await import("./browser/run.mjs");
  await run(tally);
}

async function checkEdge(tally) {
  const { checkEdge: run } = await import("./edge/run.mjs");
  await run(tally);
}

async function checkReal(tally) {
  const { installPrograms } = await import("./tools/debian.mjs");
  await tally.check("programs", installPrograms);
  await runVitest("real", tally);
}

async function checkRuntimes(tally) {
  const { checkRuntimes: run } = await import("./runtimes/run.mjs");
  await run(tally);
}

async function checkPackage(tally) {
  const { checkPackage: run } = await import("./package/run.mjs");
  await run(tally);
}

async function npmRun(script) {
  await runOrThrow("npm", ["run", "--silent", script]);
}

/** Runs one step. What it throws outside its checks counts as one failure. */
async function runStep(name, total) {
  const start = performance.now();
  const tally = new Tally();
  console.log(`\n== ${steps[name].title} (${name})`);
  try {
    await steps[name].run(tally);
  } catch (error) {
    tally.failed += 1;
    console.log(`  FAIL  step ${name}: ${error?.stack ?? error}`);
  }
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
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
