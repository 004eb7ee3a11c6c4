/**
 * The tests of the Node backend inside of the other runtimes that it is for: the same files, by the same
 * runner, which is itself run by Bun, by Deno, or by another Node. Processes that a test starts, to hold a lock or to
 * be killed, run in that runtime too.
 */
import { installPrograms } from "../tools/debian.mjs";
import { installRuntimes, runtimes } from "../tools/runtimes.mjs";
import { checkVitest } from "../tools/vitest.mjs";

/** Fewer than in step `real`, which runs in the Node that runs all of this. */
const rounds = { KILL_ROUNDS: process.env.KILL_ROUNDS ?? "3", POWER_CUTS: process.env.POWER_CUTS ?? "2" };

const real = ["kill", "power", "order", "injected", "full", "failing"].map(
  (name) => `test/real/${name}.test.ts`,
);

const leftOut = [
  "test/sim, test/model, test/exchange, test/ported, random failures: nothing in them knows a runtime, and they take minutes",
  "test/real/conformance: the suites and losses of power are there, one by one",
  "test/opfs, test/indexeddb: not for these runtimes; and happy-dom's events take the place of those that Deno's workers need",
  "test/receiver/listener: a receiver is mounted on Node's own server; Bun and Deno have servers that take it as it is",
  "test/cli: the tool is run in each runtime by the step package",
  "test/structure, the suites on wrong adapters and on memory: they are about the sources, and about other backends",
];

export async function checkRuntimes(tally) {
  if (!(await tally.check("runtimes", installRuntimes))) return;
  await tally.check("programs", installPrograms);
  for (const each of leftOut) console.log(`  left  ${each}`);
  const checks = [
    ["Deno", checkFiles],
    ["Bun", checkFiles],
    ["Bun", checkReal],
    ["Node 22", checkFast],
    ["Node 24", checkFast],
    ["newest Node", checkFast],
    ["Deno", checkReal],
  ];
  const checkNext = async () => {
    for (let next = checks.shift(); next !== undefined; next = checks.shift()) {
      const [name, check] = next;
      await check(named(name), tally);
    }
  };
  // The first takes about as long as all of the others.
  await Promise.all([checkNext(), checkNext()]);
}

const named = (wanted) => runtimes.find(({ name }) => name === wanted);

async function checkFiles(runtime, tally) {
  const on = { runtime, env: environmentOf(runtime) };
  await checkVitest(`${runtime.name}: the backend, its lock, its conformance`, "node", tally, on);
  await checkVitest(`${runtime.name}: the engine, outbox and receiver on files`, "files", tally, on);
}

async function checkReal(runtime, tally) {
  const on = { runtime, env: environmentOf(runtime), files: real };
  await checkVitest(`${runtime.name}: kills, failing and full disks, losses of power`, "real", tally, on);
}

async function checkFast(runtime, tally) {
  const on = { runtime, env: environmentOf(runtime) };
  await checkVitest(`${runtime.name}: the backend, its lock, its conformance`, "node", tally, on);
  await checkVitest(`${runtime.name}: kills`, "real", tally, { ...on, files: ["test/real/kill.test.ts"] });
}

/** The tests make sure that they run in what they should. */
function environmentOf({ name }) {
  const runtime = name.includes("Node") ? "node" : name.toLowerCase();
  return { ...rounds, WALKABOUT_RUNTIME: runtime, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
}
