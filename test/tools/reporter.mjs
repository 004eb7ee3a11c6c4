/**
 * A vitest reporter that writes the counts of a run, and the skipped tests with their reasons, to the
 * file named by WALKABOUT_COUNTS. vitest's own JSON reporter leaves out why a test was skipped.
 */
import { writeFileSync } from "node:fs";

export default class CountsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) countModule(module, counts);
    writeFileSync(process.env.WALKABOUT_COUNTS, JSON.stringify(counts));
  }
}

function countModule(module, counts) {
  const failedBefore = counts.failed;
  for (const test of module.children.allTests()) {
    const { state, note } = test.result();
    if (state === "passed") counts.passed += 1;
    else if (state === "failed") counts.failed += 1;
    else counts.skipped.push({ name: `${module.relativeModuleId} > ${test.fullName}`, reason: note });
  }
  // A file that cannot be loaded, or a hook that throws, fails without a failed test.
  if (module.state() === "failed" && counts.failed === failedBefore) counts.failed += 1;
}
