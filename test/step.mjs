/**
 * One step of the tests, alone in a process: `node test/step.mjs unit`. Its counts go to whoever started it, which is
 * test/run.mjs.
 */
import { pathToFileURL } from "node:url";
import { runOrThrow } from "./tools/command.mjs";
import { Tally } from "./tools/tally.mjs";
import { runVitest } from "./tools/vitest.mjs";

export const steps = {
  check: { title: "Types, lint, format", run: checkSource },
  build: { title: "Build", run: build },
  unit: { title: "Unit tests", run: (tally) => runVitest("unit", tally) },
  cli: { title: "The command-line tool, as built", run: (tally) => runVitest("cli", tally) },
  sim: { title: "The simulator: searches, random runs, controls", run: simulate },
  browser: { title: "Browsers", run: checkBrowsers },
  demo: { title: "The demo: its service, its pages, every button", run: checkDemo },
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
  await tally.check("build", () => npmRun("build:demo"));
  const { checkFirstLoad, FIRST_LOAD_BYTES_MAX } = await import("./demo/size.mjs");
  await tally.check(`the demo's first load is under ${FIRST_LOAD_BYTES_MAX} bytes`, checkFirstLoad);
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

async function checkDemo(tally) {
  await tally.check("the demo is built", () => npmRun("build:demo"));
  const { checkDemo: run } = await import("./demo/run.mjs");
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

/** What it throws outside its checks counts as one failure. */
async function runStep(name) {
  const tally = new Tally();
  try {
    await steps[name].run(tally);
  } catch (error) {
    tally.fail(`step ${name}`, String(error?.stack ?? error));
  }
  const { passed, failed, failures } = tally;
  return { passed, failed, failures };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const counts = await runStep(process.argv[2]);
  const end = () => process.exit(counts.failed === 0 ? 0 : 1);
  // What a test has left running does not keep this process from ending.
  if (process.send === undefined) end();
  else process.send(counts, end);
}
