/** Builds the two pages of the demo into dist/demo/page: `npm run build:demo`. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const page = fileURLToPath(new URL("page/", import.meta.url));

export default defineConfig({
  root: page,
  base: "/",
  worker: { format: "es" },
  build: {
    outDir: fileURLToPath(new URL("../dist/demo/page/", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    // Nothing may be inlined, and nothing is run that is not a file: see the server's policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { index: `${page}index.html`, bench: `${page}bench.html` } },
  },
});
