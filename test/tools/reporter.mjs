/**
 * A vitest reporter that writes the counts of a run, and the skipped and the failed tests with their reasons, to
 * the file named by WALKABOUT_COUNTS. vitest's own JSON reporter leaves out why a test was skipped.
 */
import { writeFileSync } from "node:fs";

export default class CountsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: 0, skipped: [], failures: [] };
    for (const error of unhandledErrors) fail("an error outside of any test", [error], counts);
    for (const module of modules) countModule(module, counts);
    writeFileSync(process.env.WALKABOUT_COUNTS, JSON.stringify(counts));
  }
}

function countModule(module, counts) {
  const failedBefore = counts.failed;
  for (const test of module.children.allTests()) {
    const { state, note, errors } = test.result();
    const name = `${module.relativeModuleId} > ${test.fullName}`;
    if (state === "passed") counts.passed += 1;
    else if (state === "failed") fail(name, errors, counts);
    else counts.skipped.push({ name, reason: note });
  }
  // A file that cannot be loaded, or a hook that throws, fails without a failed test.
  if (module.state() === "failed" && counts.failed === failedBefore) {
    fail(module.relativeModuleId, module.errors(), counts);
  }
}

function fail(name, errors, counts) {
  counts.failed += 1;
  counts.failures.push({ name, reason: errors.map(({ message }) => message).join("\n") });
}
