/**
 * Runs one vitest project, shows its output, and answers its counts. It knows nothing of what the
 * project tests.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { installed, root, run } from "./command.mjs";

/** Runs the project into `tally`. A run that leaves no counts behind has failed, whatever it printed. */
export async function runVitest(project, tally) {
  const countsFile = `${root}.tmp/vitest/${project}.json`;
  rmSync(countsFile, { force: true });
  mkdirSync(`${root}.tmp/vitest`, { recursive: true });

  const args = ["run", "--config", "vite.config.ts", "--project", project];
  const reporters = ["--reporter=default", "--reporter=./test/tools/reporter.mjs"];
  const options = { show: true, env: { WALKABOUT_COUNTS: countsFile } };
  const { code } = await run(installed("vitest"), [...args, ...reporters], options);

  const counts = readCounts(countsFile);
  printSkipped(counts.skipped);
  tally.add(counts);

  const mute = explainSilence(code, counts);
  if (mute) await tally.check(`vitest project ${project}`, () => Promise.reject(new Error(mute)));
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
    return { passed: 0, failed: 0, skipped: [] };
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
