/** What the first page loads before anything is pressed, in gzipped bytes: the README states this number. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { root } from "../tools/command.mjs";

export const FIRST_LOAD_BYTES_MAX = 60_000;

const folder = `${root}dist/demo/page/`;

/** Answers the sum in one line, or throws. */
export function checkFirstLoad() {
  const seen = new Set();
  visit("index.html", seen);
  const bytes = [...seen].reduce((sum, name) => sum + packedBytes(name), 0);
  if (bytes >= FIRST_LOAD_BYTES_MAX)
    throw new Error(`it has ${bytes} bytes gzipped: ${[...seen].join(", ")}`);
  return `${bytes} bytes gzipped in ${seen.size} files`;
}

/** Follows everything that a file names and that is loaded at once: not what an `import()` loads later. */
function visit(name, seen) {
  if (seen.has(name)) return;
  seen.add(name);
  const text = readFileSync(folder + name, "utf8").replaceAll(/\bimport\(.*?\)/g, "");
  const assets = readdirSync(`${folder}assets`);
  for (const asset of assets) if (text.includes(asset)) visit(`assets/${asset}`, seen);
}

function packedBytes(name) {
  return gzipSync(readFileSync(folder + name), { level: 9 }).length;
}
