/** What `--help` says. */
import { commonFlags } from "./arguments.ts";
import type { Command, Flag } from "./command.ts";
import { commands } from "./commands.ts";
import type { Output } from "./output.ts";
import { table } from "./text.ts";

export function overview({ paint }: Output): string[] {
  const rows = commands.map(({ name, summary }) => [`  ${name}`, summary]);
  return [
    "Looks inside walkabout logs, proves them sound, and gets data out of broken ones.",
    "",
    "A log is a folder: <dir>/<topic>/<partition>. Reading takes no lock, and works beside a writer.",
    "",
    paint.bold("Commands"),
    ...table(rows),
    "",
    "Each takes --json, and --help for more: walkabout verify --help",
    "Exit codes: 0 fine or sound, 1 torn tail only, 2 corrupt, 3 usage or input/output.",
  ];
}

export function helpOf(command: Command, { paint }: Output): string[] {
  const { name, usage, summary, about = [], examples, flags } = command;
  const rows = Object.entries({ ...flags, ...commonFlags }).map(([flag, each]) => [
    flagText(flag, each),
    each.help,
  ]);
  return [
    `${paint.bold(`walkabout ${name}`)} ${usage}`.trimEnd(),
    "",
    `${summary[0]!.toUpperCase()}${summary.slice(1)}.`,
    ...about,
    "",
    paint.bold("Flags"),
    ...table(rows),
    "",
    paint.bold("Examples"),
    ...examples.map((example) => `  walkabout ${name} ${example}`.trimEnd()),
  ];
}

function flagText(name: string, { short, value }: Flag): string {
  return `  ${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}
