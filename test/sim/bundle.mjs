/**
 * Bundles TypeScript of the tests, with the sources under it, so that plain Node runs it at full speed. A
 * plugin may change a source on the way. It knows nothing of what is bundled.
 */
import { mkdirSync } from "node:fs";
import { build } from "vite";
import { root } from "../tools/command.mjs";

/** Bundles `entry`, a path from the top folder, and answers the path of the module. */
export async function bundle(entry, name, plugins = []) {
  const folder = `${root}.tmp/sim`;
  mkdirSync(folder, { recursive: true });
  await build({
    root,
    configFile: false,
    logLevel: "silent",
    plugins,
    build: {
      ssr: `${root}${entry}`,
      outDir: folder,
      emptyOutDir: false,
      target: "node20",
      minify: false,
      sourcemap: "inline",
      rolldownOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  });
  return `${folder}/${name}.mjs`;
}
