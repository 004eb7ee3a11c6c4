/** The suite for a storage: every sentence of the seam that can be tried from outside. */
import { type Check, register } from "./check.ts";
import type { ConformanceOptions } from "./options.ts";
import { beside } from "./storage/beside.ts";
import { colour } from "./storage/colour.ts";
import { files } from "./storage/files.ts";
import { flushes } from "./storage/flushes.ts";
import { itself } from "./storage/itself.ts";
import { names } from "./storage/names.ts";
import { places } from "./storage/places.ts";
import { power } from "./storage/power.ts";
import { random } from "./storage/random.ts";

const checks: readonly Check[] = [
  ...itself,
  ...places,
  ...names,
  ...files,
  ...colour,
  ...beside,
  ...flushes,
  ...power,
  ...random,
];

/** The names of its checks, for `leaveOut`. */
export const storageChecks: readonly string[] = checks.map(({ name }) => name);

/**
 * Hands the checks of the seam to a test runner. Each opens a storage of its own.
 *
 *     testStorage({ test, open: () => myStorage(), again: "its data are its own", … });
 */
export function testStorage(options: ConformanceOptions): void {
  register(checks, options);
}
