/** Runs the suites that the address names, in a worker. */
import { runSuites } from "./run.ts";

await runSuites();
