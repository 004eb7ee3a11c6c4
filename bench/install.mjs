/** Installs what walkabout is compared with into bench/node_modules. What cannot be installed is left out, and said so. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { installIn } from "./npm.mjs";
import { installSqliteNode } from "./sqlite-node.mjs";

const here = import.meta.dirname;
const minutesMax = 8;

export function installPeers(say) {
  installSqliteNode(say);
  if (missing().length === 0) return;
  say(`installing ${missing().join(", ")} into bench/node_modules; better-sqlite3 may have to be compiled`);
  const { error } = installIn(here, minutesMax);
  const left = missing();
  if (left.length > 0) say(`could not be installed: ${left.join(", ")}${error ? ` (${error.message})` : ""}`);
}

function missing() {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
  const names = Object.keys({ ...dependencies, ...optionalDependencies });
  return names.filter((name) => !existsSync(join(here, "node_modules", name)));
}
