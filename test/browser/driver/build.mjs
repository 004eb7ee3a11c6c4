/** Bundles the pages and their workers as a user's bundler would, from the source. */
import { readdirSync, rmSync } from "node:fs";
import { build } from "vite";
import { root } from "../../tools/command.mjs";

const pages = `${root}test/browser/pages`;
export const output = `${root}.tmp/browser/pages`;

/** Answers the names of the pages. */
export async function buildPages() {
  rmSync(output, { recursive: true, force: true });
  const names = readdirSync(pages)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3));
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    worker: { format: "es" },
    build: {
      outDir: output,
      target: "es2022",
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        checks: { pluginTimings: false },
        input: Object.fromEntries(names.map((name) => [name, `${pages}/${name}.ts`])),
        output: { entryFileNames: "[name].js" },
      },
    },
  });
  return names;
}
