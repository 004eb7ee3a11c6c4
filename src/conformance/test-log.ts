/** The suite for the log on a storage: what its users are promised, tried on this backend. */
import { type Check, register } from "./check.ts";
import { appends } from "./log/appends.ts";
import { failures, readFailures } from "./log/failures.ts";
import { golden } from "./log/golden.ts";
import { openings } from "./log/opening.ts";
import { power } from "./log/power.ts";
import { readers } from "./log/readers.ts";
import { segments } from "./log/segments.ts";
import type { ConformanceOptions } from "./options.ts";

const checks: readonly Check[] = [
  ...appends,
  ...segments,
  ...openings,
  ...readers,
  ...failures,
  ...readFailures,
  ...golden,
  ...power,
];

/** The names of its checks, for `leaveOut`. */
export const logChecks: readonly string[] = checks.map(({ name }) => name);

/**
 * Hands the checks of the log to a test runner. Each opens a storage of its own.
 *
 *     testLog({ test, open: () => myStorage(), again: "its data are its own", … });
 */
export function testLog(options: ConformanceOptions): void {
  register(checks, options);
}
