/** From what was typed to a command and its flags, by Node's own parser; what is wrong is said in one line. */
import { parseArgs } from "node:util";
import { type Command, type Flag, UsageError } from "./command.ts";
import { nearest } from "./text.ts";

export const commonFlags: Readonly<Record<string, Flag>> = {
  json: { type: "boolean", help: "answer in JSON" },
  help: { type: "boolean", short: "h", help: "say what the command does, with examples" },
};

export interface Parsed {
  readonly positionals: string[];
  readonly flags: Map<string, string>;
  /** Every value of each flag. */
  readonly repeated: Map<string, string[]>;
}

/** Throws a `UsageError`. */
export function parse(command: Command, args: readonly string[]): Parsed {
  const flags = { ...command.flags, ...commonFlags };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short }]) => [name, { type, ...(short && { short }) }]),
  );
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string>();
  const repeated = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const flag = flags[token.name];
    if (flag === undefined) throw unknownFlag(command, token.rawName, Object.keys(flags));
    if (flag.type === "string" && (!token.value || isFlag(token, flags))) {
      throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
    }
    if (flag.type === "boolean" && token.value !== undefined) {
      throw new UsageError(`${token.rawName} takes no value`);
    }
    const value = token.value ?? "true";
    values.set(token.name, value);
    repeated.set(token.name, [...(repeated.get(token.name) ?? []), value]);
  }
  return { positionals, flags: values, repeated };
}

/** What stands where a value should is the next flag. `--key=--json` says that it is meant. */
function isFlag(
  { value, inlineValue }: { readonly value?: string; readonly inlineValue?: boolean },
  flags: Readonly<Record<string, Flag>>,
): boolean {
  return inlineValue !== true && value!.startsWith("--") && value!.slice(2) in flags;
}

export function checkArity(
  { name, usage, arity: [min, max] }: Command,
  positionals: readonly string[],
): void {
  const { length } = positionals;
  if (length >= min && length <= max) return;
  const problem = length < min ? "something is missing" : `"${positionals[max]}" is one too many`;
  throw new UsageError(`${problem}: walkabout ${name} ${usage}`);
}

function unknownFlag({ name }: Command, flag: string, known: readonly string[]): UsageError {
  const close = nearest(flag.replace(/^-+/, ""), known);
  const hint = close === undefined ? `see walkabout ${name} --help` : `did you mean --${close}?`;
  return new UsageError(`${name} knows no flag ${flag}; ${hint}`);
}

/** The whole number that a flag says, at least `min`. */
export function integerFlag(flags: ReadonlyMap<string, string>, name: string, min = 0): number | undefined {
  const text = flags.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
  throw new UsageError(`--${name} must be a whole number from ${min}, not ${text}`);
}

const sizeUnits: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A number of bytes: `500`, `64k`, `10M`, `2GiB`. */
export function sizeFlag(flags: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = flags.get(name);
  if (text === undefined) return undefined;
  const match = /^(\d+)\s*([kmg]?)(?:i?b)?$/i.exec(text);
  if (match !== null) return Number(match[1]) * sizeUnits[match[2]!.toLowerCase()]!;
  throw new UsageError(`--${name} must be a number of bytes such as 500, 64k, 10M or 2G, not ${text}`);
}

const timeUnits: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time in milliseconds: `30s`, `10m`, `2h`, `7d`. */
function durationOf(text: string): number | undefined {
  const match = /^(\d+)([smhd])$/.exec(text);
  return match === null ? undefined : Number(match[1]) * timeUnits[match[2]!]!;
}

export function durationFlag(flags: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = flags.get(name);
  if (text === undefined) return undefined;
  const ms = durationOf(text);
  if (ms !== undefined) return ms;
  throw new UsageError(`--${name} must be a time such as 30s, 10m, 2h or 7d, not ${text}`);
}

/** `Date.parse` takes "-1" for a year, and what follows any word. */
const dateLike = /^\d{4}-\d\d(-\d\d)?(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/;

/** An offset, or a moment: a date, or how long ago. */
export function placeFlag(
  flags: ReadonlyMap<string, string>,
  name: string,
): { offset: number } | { timestamp: number } | undefined {
  const text = flags.get(name);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { offset: Number(text) };
  const ago = durationOf(text);
  if (ago !== undefined) return { timestamp: Math.max(0, Date.now() - ago) };
  const timestamp = dateLike.test(text) ? Date.parse(text) : Number.NaN;
  if (timestamp >= 0) return { timestamp };
  throw new UsageError(
    `--${name} must be an offset, a date such as 2026-11-21T09:00Z, or a time ago such as 10m, not ${text}`,
  );
}
