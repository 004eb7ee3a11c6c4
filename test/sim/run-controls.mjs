/**
 * Breaks the engine in every way that controls.mjs knows, and lets a search find it: `npm run sim:controls` writes
 * docs/controls.md. With a part of a name it tries only those controls, every search on each, and writes nothing.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { root, run } from "../tools/command.mjs";
import { bundle } from "./bundle.mjs";
import { breaking, controls } from "./controls.mjs";

const searches = ["crash everywhere", "errors everywhere", "random runs", "every byte"];

/** What one search makes of a control: how many tries, and what it found, if anything. */
export async function finds(control, search, { seed, seconds }) {
  const module = await bundle("test/sim/search.ts", control.name.replaceAll(" ", "-"), [breaking(control)]);
  const args = [`${root}test/sim/search-child.mjs`, module, search, String(seed), String(seconds)];
  const { code, output } = await run(process.execPath, args, { timeoutMs: (seconds + 30) * 1000 });
  if (code === 0) return JSON.parse(output.trim().split("\n").at(-1));
  // What does not end by itself has been found, too: the engine goes round in circles.
  if (output.includes("stopped: still running")) return { tries: undefined, reason: "it never ends" };
  throw new Error(output.trim());
}

/** The first sentence of what was found, without the names of files. */
function symptom(reason) {
  const [first] = reason.replaceAll("\n", " ").split(/ {2}where|, \{| {4}at |\. Nothing was/);
  const plain = first.replace(/^Error: /, "").replaceAll(/(segment )?0{4}\d+(_\d+)?\.wal/g, "a segment");
  return plain.length > 160 ? `${plain.slice(0, 157)}…` : plain;
}

function page(lines, seed) {
  return `# Controls

A search that finds nothing proves nothing, unless it finds what is known to be there. Each line is a mistake that is put into a
copy of the sources (\`test/sim/controls.mjs\` says where), a search that finds it, how many tries that took (crashes, runs with an
error, random runs, or damaged copies) and what it said. Other searches may find the same.

Made by \`npm run sim:controls\`, with the seed ${seed}; \`npm test -- sim\` checks with a fresh seed that each is still found.

| control | what is broken | found by | tries | what it said |
| --- | --- | --- | --- | --- |
${lines.join("\n")}
`;
}

async function tryAll(part, settings) {
  for (const control of controls.filter(({ name }) => name.includes(part))) {
    for (const search of searches) {
      const { tries, reason } = await finds(control, search, settings);
      console.log(`${control.name}, ${search}, ${tries} tries: ${reason ?? "nothing found"}`);
    }
  }
}

async function writePage(settings) {
  const lines = [];
  let missed = 0;
  for (const control of controls) {
    const { name, breaks, search } = control;
    const { tries, reason } = await finds(control, search, settings);
    if (reason === undefined) missed++;
    else
      lines.push(
        `| ${name} | ${breaks} | ${search} | ${tries ?? "1"} | ${symptom(reason).replaceAll("|", "/")} |`,
      );
    console.log(reason === undefined ? `NOT FOUND in ${tries} tries: ${name}` : lines.at(-1));
  }
  console.log(`${lines.length} of ${controls.length} controls were found, with seed ${settings.seed}`);
  if (missed > 0) {
    process.exitCode = 1;
    return;
  }
  mkdirSync(`${root}docs`, { recursive: true });
  writeFileSync(`${root}docs/controls.md`, page(lines, settings.seed));
}

if (process.argv[1]?.endsWith("run-controls.mjs")) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const [, , part] = process.argv;
  if (part === undefined) await writePage({ seed, seconds: 90 });
  else await tryAll(part, { seed, seconds: 30 });
}
