/** All commands, in the order in which `--help` lists them. */
import type { Command } from "./command.ts";
import { append } from "./commands/append.ts";
import { bench } from "./commands/bench.ts";
import { cat, tail } from "./commands/cat.ts";
import { dump } from "./commands/dump.ts";
import { exportCommand, importCommand } from "./commands/archive.ts";
import { info } from "./commands/info.ts";
import { ls } from "./commands/ls.ts";
import { retain, truncate } from "./commands/remove.ts";
import { serve } from "./commands/serve.ts";
import { salvage } from "./commands/salvage.ts";
import { stats } from "./commands/stats.ts";
import { verify } from "./commands/verify.ts";

export const commands: readonly Command[] = [
  ls,
  info,
  verify,
  cat,
  tail,
  dump,
  append,
  stats,
  salvage,
  truncate,
  retain,
  exportCommand,
  importCommand,
  serve,
  bench,
];
