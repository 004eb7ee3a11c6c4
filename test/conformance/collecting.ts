/** The smallest test runner there is: it runs checks one after the other and keeps what they threw. */
import type { ConformanceOptions, Test } from "../../src/conformance/index.ts";

export interface Outcome {
  readonly passed: readonly string[];
  readonly leftOut: readonly string[];
  /** The messages, by the names of the checks. */
  readonly failed: ReadonlyMap<string, string>;
}

type Suite = (options: ConformanceOptions) => void;

export async function outcomeOf(
  suite: Suite,
  options: Omit<ConformanceOptions, "test" | "skip">,
): Promise<Outcome> {
  const checks: [string, () => Promise<void>][] = [];
  const leftOut: string[] = [];
  const test: Test = (name, run) => checks.push([name, run]);
  const skip: Test = (name) => leftOut.push(name);
  suite({ ...options, test, skip });
  const passed: string[] = [];
  const failed = new Map<string, string>();
  for (const [name, run] of checks) {
    try {
      await run();
      passed.push(name);
    } catch (error) {
      failed.set(name, String(error));
    }
  }
  return { passed, leftOut, failed };
}
