/**
 * Breaks the engine in every way that controls.mjs knows, and lets the searches find it. `npm run sim:controls`
 * tries each search on each control and writes docs/controls.md; with `--quick` it stops at the first search
 * that finds a control, and writes nothing.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { root, run } from "../tools/command.mjs";
import { bundle } from "./bundle.mjs";
import { breaking, controls } from "./controls.mjs";

const searches = ["crash everywhere", "errors everywhere", "random runs", "every byte"];

/** Answers, for each search tried, how many tries it took; undefined where it found nothing. */
export async function tryControl(control, { seed, seconds, isQuick }) {
  const module = await bundle("test/sim/search.ts", control.name.replaceAll(" ", "-"), [breaking(control)]);
  const found = {};
  for (const search of searches) {
    found[search] = await trySearch(module, search, seed, seconds);
    if (isQuick && found[search].reason !== undefined) break;
  }
  return found;
}

/** What does not end by itself has been found, too: the engine goes round in circles. */
async function trySearch(module, search, seed, seconds) {
  const args = [`${root}test/sim/search-child.mjs`, module, search, String(seed), String(seconds)];
  const { code, output } = await run(process.execPath, args, { timeoutMs: (seconds + 20) * 1000 });
  if (code === 0) return JSON.parse(output.trim().split("\n").at(-1));
  if (output.includes("stopped: still running")) return { tries: undefined, reason: "it never ends" };
  throw new Error(output.trim());
}

function line({ name, breaks }, found) {
  const cells = searches.map((search) => {
    const { tries, reason } = found[search] ?? { tries: "not tried" };
    if (reason === undefined) return `no (${tries})`;
    return tries === undefined ? "never ends" : `**${tries}**`;
  });
  return `| ${name} | ${breaks} | ${cells.join(" | ")} |`;
}

function page(lines, { seed, seconds }) {
  return `# Controls

A search that finds nothing proves nothing, unless it finds what is known to be there. Each line below is a mistake that
is put into a copy of the sources (\`test/sim/controls.mjs\` says where), and the number of tries that each search took to find
it: crashes, runs with an error, random runs, damaged copies. \`no\` means that it found nothing in ${seconds} seconds, with the
number of tries in brackets: most mistakes show in some of the searches only. A search that does not end has found the mistake, too.

Made by \`npm run sim:controls\`, with the seed ${seed}; \`npm test -- sim\` checks that each is still found.

| control | what is broken | ${searches.join(" | ")} |
| --- | --- | ${searches.map(() => "---").join(" | ")} |
${lines.join("\n")}
`;
}

async function main() {
  const isQuick = process.argv.includes("--quick");
  const only = process.argv.slice(2).find((argument) => !argument.startsWith("--"));
  const settings = { seed: Math.floor(Math.random() * 2 ** 31), seconds: 15, isQuick };
  const lines = [];
  let missed = 0;
  for (const control of controls.filter(({ name }) => only === undefined || name.includes(only))) {
    const found = await tryControl(control, settings);
    const isFound = Object.values(found).some(({ reason }) => reason !== undefined);
    if (!isFound) missed++;
    lines.push(line(control, found));
    console.log(isFound ? lines.at(-1) : `NOT FOUND: ${lines.at(-1)}`);
    if (only !== undefined)
      for (const { reason } of Object.values(found)) console.log(`    ${reason?.slice(0, 300)}`);
  }
  console.log(`${lines.length - missed} of ${lines.length} controls were found, with seed ${settings.seed}`);
  if (missed > 0) process.exitCode = 1;
  if (missed > 0 || isQuick || only !== undefined) return;
  mkdirSync(`${root}docs`, { recursive: true });
  writeFileSync(`${root}docs/controls.md`, page(lines, settings));
}

if (process.argv[1]?.endsWith("run-controls.mjs")) await main();
