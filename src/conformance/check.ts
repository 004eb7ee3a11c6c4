/** A check, and how a list of them is handed to a test runner. */
import type { Storage } from "../storage.ts";
import { Bench } from "./bench.ts";
import { assertOptions, type ConformanceOptions, type Need } from "./options.ts";

export interface Check {
  /** What it means when it passes. */
  readonly name: string;
  /** What the backend has to be able to do. */
  readonly needs?: readonly Need[];
  readonly run: (bench: Bench) => Promise<void>;
}

/** Hands each check to `options.test`, or says why it is left out. */
export function register(checks: readonly Check[], options: ConformanceOptions): void {
  assertOptions(options);
  const unknown = Object.keys(options.leaveOut ?? {}).filter(
    (name) => !checks.some((each) => each.name === name),
  );
  if (unknown.length > 0)
    throw new TypeError(`leaveOut names checks that there are not: ${unknown.join("; ")}`);
  for (const check of checks) {
    const reason = reasonToLeaveOut(check, options);
    if (reason === undefined) options.test(check.name, () => runOn(check, options));
    else (options.skip ?? options.test)(`left out: ${check.name} (${reason})`, async () => undefined);
  }
}

function reasonToLeaveOut(check: Check, options: ConformanceOptions): string | undefined {
  const asked = options.leaveOut?.[check.name];
  if (asked !== undefined) return asked;
  return check.needs?.map((need) => options[need]).find((ability) => typeof ability === "string");
}

async function runOn(check: Check, options: ConformanceOptions): Promise<void> {
  const storage: Storage = await options.open();
  const seed = options.seed ?? storage.now() % 1_000_000_007;
  const bench = new Bench(storage, options, seed);
  try {
    await check.run(bench);
  } finally {
    await bench.letGo();
    await options.close?.(bench.storage);
  }
}
