/** Builds the two pages of the demo into dist/demo/page: `npm run build:demo`. */
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const page = fileURLToPath(new URL("page/", import.meta.url));

/** What is loaded late is loaded by the platform's own `import`, without a helper that looks for its styles. */
const plainImports: Plugin = {
  name: "plain-imports",
  enforce: "pre",
  load: (id) => (id.endsWith("vite/preload-helper.js") ? "export const __vitePreload = (load) => load();" : undefined),
};

/** The library without what is loaded when it is needed: checks, archives and salvage. */
function isLog(id: string): boolean {
  const isLibrary = /\/(src|adapters\/(browser|indexeddb|opfs|web))\/|\/node_modules\/idb\/|\/demo\/page\/(dom|tap|segment-bytes|log-bytes)\.ts$/.test(id);
  const late =
    /\/(verify|inspect|survey|diagnosis|headers|flipped-bit|start-damage|evidence|copy|import|export|salvage|tar|topics)\.ts$/;
  return isLibrary && !late.test(id);
}

export default defineConfig({
  root: page,
  base: "/",
  plugins: [plainImports],
  worker: { format: "es" },
  build: {
    outDir: fileURLToPath(new URL("../dist/demo/page/", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    // Nothing may be inlined, and nothing is run that is not a file: see the server's policy.
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      input: { index: `${page}index.html`, bench: `${page}bench.html` },
      // What both pages load at once is one file, which packs better than several.
      output: { codeSplitting: { groups: [{ name: "log", test: isLog }] } },
    },
  },
});
