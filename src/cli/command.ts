/** What a command is: a name, what `--help` says of it, its flags, and what it does. */
import type { Output } from "./output.ts";

export interface Flag {
  readonly type: "boolean" | "string";
  readonly short?: string;
  /** What stands for the value in `--help`. */
  readonly value?: string;
  readonly help: string;
}

export interface Invocation {
  readonly positionals: readonly string[];
  /** The values of flags by name; of a boolean one, `"true"`. */
  readonly flags: ReadonlyMap<string, string>;
  /** All values of a flag that may be repeated. */
  readonly repeated: ReadonlyMap<string, readonly string[]>;
  readonly output: Output;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What stands behind the name: `<log>`, `[dir]`. */
  readonly usage: string;
  /** How many arguments there may be that are no flags. */
  readonly arity: readonly [min: number, max: number];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Sentences for `--help`, below the usage. */
  readonly about?: readonly string[];
  readonly examples: readonly string[];
  /** Answers the exit code. */
  run(invocation: Invocation): Promise<number>;
}

export const exit = { fine: 0, torn: 1, corrupt: 2, trouble: 3, interrupted: 130 } as const;

/** The exit code of what ended with an error. */
export const exitOf = (code: string): number => (code === "CORRUPT" ? exit.corrupt : exit.trouble);

/** Something that the caller has to change; told in one line, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
