/** The smallest test runner: it takes tests, runs them one after the other, and reports each. */
import { describe, report } from "./report.ts";

/** A test may answer what is to be said of it. */
type Body = () => Promise<string | void>;

interface Test {
  readonly name: string;
  readonly run: Body;
  readonly skipped: boolean;
}

/** A test that takes longer than this has failed. */
const timeoutMs = 60_000;

export class Runner {
  readonly #tests: Test[] = [];

  readonly test = (name: string, run: Body): void => {
    this.#tests.push({ name, run, skipped: false });
  };

  readonly skip = (name: string, run: Body): void => {
    this.#tests.push({ name, run, skipped: true });
  };

  async run(only: string | undefined): Promise<void> {
    for (const { name, run, skipped } of this.#tests) {
      if (only !== undefined && !name.includes(only)) continue;
      const begun = performance.now();
      const result = skipped ? { state: "skipped" } : await outcomeOf(run);
      await report({ type: "test", name, ms: Math.round(performance.now() - begun), ...result });
    }
  }
}

async function outcomeOf(run: Body): Promise<object> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return { state: "passed", note: await Promise.race([run(), late]) };
  } catch (error) {
    return { state: "failed", message: describe(error) };
  } finally {
    clearTimeout(timer);
  }
}
