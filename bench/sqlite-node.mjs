/** A Node that has node:sqlite: the one that runs this, or the newest, which is installed from npm into .tmp/bench/node. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { installIn } from "./npm.mjs";

const minutesMax = 5;

// Not beside the peers: what is compiled for them must find the Node that is going to load it.
const folder = join(import.meta.dirname, "..", ".tmp", "bench", "node");
const newest = join(folder, "node_modules", "node", "bin", "node");
const hasSqlite = builtinModules.some((name) => name === "sqlite" || name === "node:sqlite");

export const sqliteNode = hasSqlite ? process.execPath : newest;

export function installSqliteNode(say) {
  if (existsSync(sqliteNode)) return;
  say("installing the newest Node into .tmp/bench/node, because this one has no node:sqlite");
  mkdirSync(folder, { recursive: true });
  // The package places its program in an install script, so npm must let it run.
  const manifest = { private: true, dependencies: { node: "latest" }, allowScripts: { node: true } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  installIn(folder, minutesMax);
  if (!existsSync(sqliteNode)) say("could not be installed: Node");
}

/** Which SQLite it is, and of which Node. */
export function sqliteVersion() {
  const versions = "`SQLite ${process.versions.sqlite} in Node ${process.version}`";
  const { status, stdout } = spawnSync(sqliteNode, ["--print", versions], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : "not installed";
}
