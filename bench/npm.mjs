/** Installs what the manifest of a folder names. */
import { spawnSync } from "node:child_process";

const options = ["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];

export function installIn(cwd, minutesMax) {
  return spawnSync("npm", options, { cwd, stdio: "ignore", timeout: minutesMax * 60_000 });
}
