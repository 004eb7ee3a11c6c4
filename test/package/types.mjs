/**
 * Type-checks a strict TypeScript consumer against the installed package, with the declaration files
 * of the package checked as well. They must not need the DOM or Node's types: a browser project has
 * no `Buffer`, a server project no `window`.
 */
import { symlinkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installed, root, runOrThrow } from "../tools/command.mjs";

const resolutions = {
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
};

const worlds = {
  "no DOM": { lib: ["es2022"], types: [] },
  DOM: { lib: ["es2022", "dom", "dom.iterable"], types: [] },
  "Node's types": { lib: ["es2022"], types: ["node"] },
};

export async function checkTypes(project, tally) {
  for (const [resolution, resolving] of Object.entries(resolutions)) {
    for (const [world, having] of Object.entries(worlds)) {
      await tally.check(`TypeScript, ${resolution}, ${world}`, () =>
        typeCheck(project, { ...resolving, ...having }),
      );
    }
  }
}

async function typeCheck(project, options) {
  lendNodeTypes(project);
  const compilerOptions = {
    target: "es2022",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  const config = join(project, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ["typed.ts"] }));
  await runOrThrow(installed("tsc"), ["-p", config, "--pretty", "false"]);
}

/** Makes this repository's `@types/node` the project's, without another download. */
function lendNodeTypes(project) {
  const types = join(project, "node_modules/@types");
  mkdirSync(types, { recursive: true });
  try {
    symlinkSync(`${root}node_modules/@types/node`, join(types, "node"), "dir");
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
}
