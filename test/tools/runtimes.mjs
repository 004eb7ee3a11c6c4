/**
 * The JavaScript runtimes that the package must work on, installed from npm into `.tmp/runtimes`,
 * which git ignores. Once installed they stay: remove that folder to get newer ones.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { root, run, runOrThrow } from "./command.mjs";

const folder = `${root}.tmp/runtimes`;

/** Each with the npm package it comes in and where its program lies in node_modules. */
export const runtimes = [
  describe("oldest Node", { "node-oldest": "npm:node@20.19" }, "node-oldest/bin/node"),
  describe("Node 22", { "node-22": "npm:node@22" }, "node-22/bin/node"),
  describe("Node 24", { "node-24": "npm:node@24" }, "node-24/bin/node"),
  describe("newest Node", { "node-newest": "npm:node@latest" }, "node-newest/bin/node"),
  describe("Bun", { bun: "latest" }, ".bin/bun"),
  describe("Deno", { deno: "latest" }, ".bin/deno", ["run", "-A"]),
];

/** `args` stand between the program and the script it runs. */
function describe(name, dependency, bin, args = []) {
  return { name, dependency, program: `${folder}/node_modules/${bin}`, args };
}

/** Installs the runtimes that are missing, and answers in one line which versions there are. */
export async function installRuntimes() {
  if (runtimes.some(({ program }) => !existsSync(program))) {
    console.log("  installing Node in four versions, Bun and Deno from npm into .tmp/runtimes");
    writeManifest();
    await runOrThrow("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], { cwd: folder });
  }
  return (await Promise.all(runtimes.map(versionOf))).join(", ");
}

function writeManifest() {
  mkdirSync(folder, { recursive: true });
  const dependencies = Object.assign({}, ...runtimes.map(({ dependency }) => dependency));
  // These packages fetch or place their program in an install script, so npm must let them run it.
  const allowScripts = { node: true, bun: true, deno: true };
  writeFileSync(
    `${folder}/package.json`,
    JSON.stringify({ private: true, dependencies, allowScripts }, null, 2),
  );
}

async function versionOf({ name, program }) {
  const { code, output } = await run(program, ["--version"]);
  if (code !== 0) throw new Error(`${name} does not start: ${output.trim()}`);
  return `${name} ${/\d+\.\d+\.\d+/.exec(output)?.[0] ?? "of unknown version"}`;
}
