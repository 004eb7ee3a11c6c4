/**
 * Counts checks and prints one line for each. It knows nothing of what is checked.
 */
export class Tally {
  passed = 0;
  failed = 0;

  /** Runs one check. It fails when `body` throws; a string it answers is printed behind its name. */
  async check(name, body) {
    const start = performance.now();
    try {
      const note = await body();
      this.passed += 1;
      console.log(`  ok    ${name}${note ? `: ${note}` : ""} ${since(start)}`);
      return true;
    } catch (error) {
      this.failed += 1;
      console.log(`  FAIL  ${name} ${since(start)}`);
      console.log(indent(error instanceof Error ? error.message : String(error)));
      return false;
    }
  }

  /** Adds what somebody else counted. */
  add({ passed, failed }) {
    this.passed += passed;
    this.failed += failed;
  }
}

/** How long it took, for people: `(12 ms)` or `(3.4 s)`. */
export function since(start) {
  const ms = performance.now() - start;
  return ms < 1000 ? `(${ms.toFixed(0)} ms)` : `(${(ms / 1000).toFixed(1)} s)`;
}

function indent(text) {
  return text.trimEnd().replaceAll(/^/gm, "        ");
}
