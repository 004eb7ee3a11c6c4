/**
 * What the suites want to know of a backend. Whatever a backend cannot do is said in words, and the
 * checks that need it are reported as left out, each with these words: none is missing in silence.
 */
import type { Eventually, Storage } from "../storage.ts";

/** How a test runner takes a test: `test` of most of them, `it` of others, `Deno.test`, or your own. */
export type Test = (name: string, run: () => Promise<void>) => unknown;

/** Something that the backend can do, or why it cannot. */
export type Ability<T> = T | string;

/** Somebody who has a place open for writing, and is no part of this program. */
export interface Holder {
  /** Ends without a chance to close anything, as a killed process or a terminated worker does. */
  die(): Eventually<unknown>;
}

export interface Backend {
  /** Answers a storage that holds nothing, and shares nothing with those answered before. */
  readonly open: () => Eventually<Storage>;

  /** Called behind each check, with the last storage it used; its places are closed by then. */
  readonly close?: ((storage: Storage) => Eventually<unknown>) | undefined;

  /** Makes another storage over the same data, as another process, tab or isolate would have it. */
  readonly again: Ability<(storage: Storage) => Eventually<Storage>>;

  /** Whether a place can be opened for reading while somebody else has it open for writing. */
  readonly readBeside: Ability<true>;

  /** Lets somebody else open the place at `path` for writing: a process, a worker, another tab. */
  readonly holdElsewhere: Ability<(storage: Storage, path: readonly string[]) => Eventually<Holder>>;

  /**
   * Takes away what a loss of power takes away, and answers a storage over what is left. Everything
   * that is still open is closed by `letGo`, whatever that throws: call it once the power is gone, if
   * open handles stand in the way.
   */
  readonly losePower: Ability<(storage: Storage, letGo: () => Promise<void>) => Eventually<Storage>>;

  /** How long the lock of a holder that died may last. The default is 5,000. */
  readonly lockFreedMsMax?: number | undefined;
}

export interface ConformanceOptions extends Backend {
  readonly test: Test;

  /**
   * Takes the checks that are left out, for example `test.skip`. Without it they are handed to
   * `test` as well, and do nothing. Their names begin with `left out:` and end with the reason.
   */
  readonly skip?: Test | undefined;

  /** Checks to leave out: their names, each with the reason. */
  readonly leaveOut?: Readonly<Record<string, string>> | undefined;

  /** Of the random checks. Without it, each run has another one. A failure tells it. */
  readonly seed?: number | undefined;
}

export type Need = "again" | "readBeside" | "holdElsewhere" | "losePower";

const needs: readonly Need[] = ["again", "readBeside", "holdElsewhere", "losePower"];

export function assertOptions(options: ConformanceOptions): void {
  if (typeof options?.test !== "function")
    throw new TypeError("test must be a function of a name and a body");
  if (typeof options.open !== "function")
    throw new TypeError("open must be a function that answers a storage");
  for (const need of needs) {
    const ability: unknown = options[need];
    const isThere = need === "readBeside" ? ability === true : typeof ability === "function";
    if (isThere || (typeof ability === "string" && ability !== "")) continue;
    const form = need === "readBeside" ? "true" : "a function";
    throw new TypeError(`${need} must be ${form}, or a text that says why the backend does without it`);
  }
}
