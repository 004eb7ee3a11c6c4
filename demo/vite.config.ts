/**
 * Builds one page of the demo into dist/demo/page: `npm run build:demo` builds both, each by itself, because one file packs
 * better than several that two pages share.
 */
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const page = fileURLToPath(new URL("page/", import.meta.url));
const folder = fileURLToPath(new URL("../dist/demo/page/", import.meta.url));

/** What is loaded late is loaded by the platform's own `import`, without a helper that looks for its styles. */
const plainImports: Plugin = {
  name: "plain-imports",
  enforce: "pre",
  load: (id) =>
    id.endsWith("vite/preload-helper.js") ? "export const __vitePreload = (load) => load();" : undefined,
};

/** Lines of a page begin at their beginning. */
const flushLeft: Plugin = {
  name: "flush-left",
  transformIndexHtml: (html) => html.replaceAll(/\n\s+/g, "\n"),
};

export default defineConfig(({ mode }) => ({
  root: page,
  base: "/",
  plugins: [plainImports, flushLeft],
  worker: { format: "es" },
  build: {
    outDir: folder,
    emptyOutDir: mode !== "bench",
    target: "es2022",
    // Nothing may be inlined, and nothing is run that is not a file: see the server's policy.
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      input: mode === "bench" ? `${page}bench.html` : `${page}index.html`,
      output: {
        codeSplitting: {
          groups: [{ name: "start", test: (id: string) => mode !== "bench" && isEarly(id) }],
        },
      },
    },
  },
}));

/** What the first page needs at once: not what is loaded when something is pressed. */
function isEarly(id: string): boolean {
  const isOurs = /\/(src|adapters\/(browser|indexeddb|opfs|web)|demo)\/|\/node_modules\/idb\//.test(id);
  const late = [
    /\/src\/(verify|import|export|salvage)\.ts$/,
    /\/src\/engine\/(verify|inspect|survey|diagnosis|start-damage|evidence|copy|next-batch)\.ts$/,
    /\/src\/format\/(flipped-bit|tar)\.ts$/,
    /\/demo\/page\/(kill|load|log-view|map|map-layout|letters|damage|report-view|batch-bytes|batch-view|hex-view|late-style)\.ts$/,
    /\.(html|css)/,
  ];
  return isOurs && !late.some((each) => each.test(id));
}
