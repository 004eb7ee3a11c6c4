/** Bundles the pages and their workers as a user's bundler would, from the source. */
import { readdirSync } from "node:fs";
import { build } from "vite";
import { root } from "../../tools/command.mjs";

const pages = `${root}test/browser/pages`;
export const output = `${root}.tmp/browser/pages`;

/** Answers the names of the pages. */
export async function buildPages() {
  const names = readdirSync(pages)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3));
  const input = Object.fromEntries(names.map((name) => [name, `${pages}/${name}.ts`]));
  await bundle(input, output, { minify: false });
  return names;
}

/** Makes a file for each name of `input`, and empties the folder before. */
export async function bundle(input, outDir, options = {}) {
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    worker: { format: "es" },
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: {
        checks: { pluginTimings: false },
        input,
        output: { entryFileNames: "[name].js" },
      },
      ...options,
    },
  });
}
