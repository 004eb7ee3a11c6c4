#!/usr/bin/env node
/** The entry of the command-line tool: finds the command, runs it, and turns how it ended into an exit code. */
import { reasonOf, WalError } from "../errors.ts";
import { checkArity, parse } from "./arguments.ts";
import { commands } from "./commands.ts";
import { type Command, exit, exitOf, UsageError } from "./command.ts";
import { helpOf, overview } from "./help.ts";
import { makeOutput, type Output } from "./output.ts";
import { nearest } from "./text.ts";
import { versionText } from "./version.ts";

const interruption = new AbortController();
const names = commands.map((each) => each.name);
let json = process.argv.includes("--json");

async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = commandFirst(args);
  const name = first === "" ? undefined : first;
  const output = makeOutput({ json });
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const about = rest.find((each) => !each.startsWith("-"));
    if (name === undefined && json)
      throw new UsageError(`a command is missing; there are ${names.join(", ")}`);
    const lines = about === undefined ? overview(output) : helpOf(commandNamed(about), output);
    await output.line(lines.join("\n"));
    return name === undefined ? exit.trouble : exit.fine;
  }
  if (name === "--version" || name === "-v") {
    if (json) await output.value({ version: versionText() });
    else await output.line(versionText());
    return exit.fine;
  }
  if (name.startsWith("-")) throw misplaced(name, rest);
  return run(commandNamed(name), rest, output);
}

/** `walkabout --json ls` means `walkabout ls --json`: this flag is the same for every command. */
function commandFirst(args: readonly string[]): readonly string[] {
  const [flag, name, ...rest] = args;
  if (flag !== "--json") return args;
  return name === undefined ? [] : [name, flag, ...rest];
}

async function run(command: Command, args: readonly string[], output: Output): Promise<number> {
  const { positionals, flags, repeated } = parse(command, args);
  json = flags.has("json");
  if (flags.has("help")) {
    await makeOutput({ json: false }).line(helpOf(command, output).join("\n"));
    return exit.fine;
  }
  checkArity(command, positionals);
  const { signal } = interruption;
  return command.run({ positionals, flags, repeated, output: makeOutput({ json }), signal });
}

function commandNamed(name: string): Command {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined) return command;
  const close = nearest(name, names);
  const hint = close === undefined ? `there are ${names.join(", ")}` : `did you mean ${close}?`;
  throw new UsageError(`there is no command ${name}; ${hint}`);
}

function misplaced(flag: string, rest: readonly string[]): UsageError {
  const command = rest.find((each) => names.includes(each)) ?? "<command>";
  return new UsageError(`flags stand behind the command: walkabout ${command} … ${flag}`);
}

/** What went wrong, in one line, on stderr, and as JSON on stdout if that was asked for. */
function fail(error: unknown): number {
  const output = makeOutput({ json });
  output.progress("");
  if (interruption.signal.aborted) return exit.interrupted;
  const isExpected = error instanceof UsageError || error instanceof WalError || isOfSystem(error);
  const message = reasonOf(error);
  const code = error instanceof WalError ? error.code : error instanceof UsageError ? "USAGE" : "FAILED";
  if (json) void output.value({ error: { code, message } });
  const shown = error instanceof WalError ? `${message.replace(/\.$/, "")} (${code})` : message;
  output.note(`walkabout: ${isExpected ? shown : ((error as Error).stack ?? message)}`);
  return exitOf(code);
}

function isOfSystem(error: unknown): boolean {
  return error instanceof RangeError || (error as { syscall?: unknown } | null)?.syscall !== undefined;
}

function interrupt(): void {
  // Whoever asks twice does not want to wait.
  if (interruption.signal.aborted) process.exit(exit.interrupted);
  interruption.abort(new Error("interrupted"));
}

// Whoever reads us has seen enough: `walkabout cat … | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exit.fine);
  process.stderr.write(`walkabout: cannot write: ${error.message}\n`);
  process.exit(exit.trouble);
});
process.on("SIGINT", interrupt);
process.on("SIGTERM", interrupt);
process.exitCode = await main(process.argv.slice(2)).catch(fail);
