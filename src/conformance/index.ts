/**
 * The conformance suites: what a backend must do so that a log can live on it, and what the log does
 * then, as checks for any test runner. They need nothing but the language.
 *
 *     import { test } from "vitest";
 *     import { testLog, testStorage } from "walkabout/conformance";
 *
 *     const backend = { test, open: () => myStorage(), again: …, readBeside: …, holdElsewhere: …, losePower: … };
 *     testStorage(backend);
 *     testLog(backend);
 */
export type { Clause } from "./clause.ts";
export { ConformanceError } from "./demand.ts";
export type { Ability, Backend, ConformanceOptions, Holder, Test } from "./options.ts";
export { logChecks, testLog } from "./test-log.ts";
export { storageChecks, testStorage } from "./test-storage.ts";
