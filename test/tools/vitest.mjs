/**
 * Runs one vitest project, shows its output, and answers its counts. It knows nothing of what the
 * project tests.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { installed, root, run } from "./command.mjs";

/**
 * Runs the project into `tally`. A run that leaves no counts behind has failed, whatever it printed.
 *
 * @param {string} project
 * @param {import("./tally.mjs").Tally} tally
 */
export async function runVitest(project, tally) {
  const { code, counts } = await countedRun(project, { show: true });
  printSkipped(counts.skipped);
  tally.add(counts);

  const mute = explainSilence(code, counts);
  if (mute) await tally.check(`vitest project ${project}`, () => Promise.reject(new Error(mute)));
}

/** The whole of a run in one check, which is told in one line if it succeeds. */
export async function checkVitest(title, project, tally, options) {
  let more = { passed: 0, failed: 0 };
  await tally.check(title, async () => {
    const { code, output, counts } = await countedRun(project, { ...options, show: false });
    // The check itself counts as one of them.
    more = { passed: Math.max(0, counts.passed - 1), failed: Math.max(0, counts.failed - 1) };
    if (counts.failed > 0 || explainSilence(code, counts)) {
      throw new Error(
        [explainSilence(code, counts), ...counts.failures.map(tellFailure), output].join("\n").trim(),
      );
    }
    return [`${counts.passed} tests passed`, ...reasonsOf(counts.skipped)].join("\n        ");
  });
  tally.add(more);
}

function tellFailure({ name, reason }) {
  return `${name}: ${reason}`;
}

/** Many say the reason in their name. */
function reasonsOf(skipped) {
  const counts = new Map();
  for (const { name, reason } of skipped) {
    const told = reason ?? /\((?:skipped: )?([^()]*)\)$/.exec(name)?.[1] ?? name;
    counts.set(told, (counts.get(told) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${count} left out: ${reason}`);
}

/**
 * `runtime` is one of test/tools/runtimes.mjs, without which it is the Node that runs this. `files` are those
 * of the project that are wanted, or all.
 */
async function countedRun(project, { runtime, files = [], env = {}, show }) {
  const countsFile = `${root}.tmp/vitest/${[runtime?.name ?? "here", project].join("-").replaceAll(" ", "-")}.json`;
  rmSync(countsFile, { force: true });
  mkdirSync(`${root}.tmp/vitest`, { recursive: true });

  const args = ["run", "--config", "vite.config.ts", "--project", project, ...files];
  // Other runtimes run side by side.
  if (runtime !== undefined) args.push("--maxWorkers=1");
  const reporters = [`--reporter=${show ? "default" : "dot"}`, "--reporter=./test/tools/reporter.mjs"];
  const command = runtime
    ? [runtime.program, ...runtime.args, `${root}node_modules/vitest/vitest.mjs`]
    : [installed("vitest")];
  const { code, output } = await run(command[0], [...command.slice(1), ...args, ...reporters], {
    show,
    env: { ...env, WALKABOUT_COUNTS: countsFile },
  });
  return { code, output, counts: readCounts(countsFile) };
}

/** Why a run failed whose tests do not say so; undefined when they tell the whole story. */
function explainSilence(code, { passed, failed, skipped }) {
  if (failed > 0) return undefined;
  if (passed + skipped.length === 0) return `no test ran; vitest ended with exit code ${code}`;
  if (code !== 0) return `vitest ended with exit code ${code}, though no test failed`;
  return undefined;
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: 0, skipped: [], failures: [] };
  }
}

function printSkipped(skipped) {
  if (skipped.length > 0) console.log(`  ${skipped.length} tests were skipped:`);
  for (const { name, reason } of skipped) {
    // Many say the reason in their name.
    const told = reason ?? (/\(skipped: |left out: /.test(name) ? undefined : "no reason given");
    console.log(`  skipped  ${name}${told === undefined ? "" : `: ${told}`}`);
  }
}
