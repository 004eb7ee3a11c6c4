/**
 * Counts checks and prints one line for each. It knows nothing of what is checked.
 */
export class Tally {
  passed = 0;
  failed = 0;
  /** What failed, for the end of a long run: its name, and what was said about it. */
  failures = [];

  /** Runs one check. It fails when `body` throws; a string it answers is printed behind its name. */
  async check(name, body) {
    const start = performance.now();
    try {
      const note = await body();
      this.passed += 1;
      console.log(`  ok    ${name}${note ? `: ${note}` : ""} ${since(start)}`);
      return true;
    } catch (error) {
      this.fail(`${name} ${since(start)}`, error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** Counts a failure, notes it for the end, and prints it. */
  fail(name, reason = "") {
    this.failed += 1;
    this.failures.push({ name, reason });
    printFailure(name, reason);
  }

  /** Adds what somebody else counted. */
  add({ passed, failed, failures = [] }) {
    this.passed += passed;
    this.failed += failed;
    this.failures.push(...failures);
  }

  /** Prints what failed once more, each cut to its first lines: the end of a long output is what people look at. */
  printFailures() {
    for (const { name, reason } of this.failures) {
      const lines = reason.trimEnd().split("\n");
      const rest =
        lines.length > failureLinesMax ? `\n(${lines.length - failureLinesMax} more lines above)` : "";
      printFailure(name, lines.slice(0, failureLinesMax).join("\n") + rest);
    }
  }
}

/** How long it took, for people: `(12 ms)` or `(3.4 s)`. */
export function since(start) {
  const ms = performance.now() - start;
  return ms < 1000 ? `(${ms.toFixed(0)} ms)` : `(${(ms / 1000).toFixed(1)} s)`;
}

const failureLinesMax = 12;

function printFailure(name, reason) {
  console.log(`  FAIL  ${name}`);
  if (reason !== "") console.log(indent(reason));
}

function indent(text) {
  return text.trimEnd().replaceAll(/^/gm, "        ");
}
