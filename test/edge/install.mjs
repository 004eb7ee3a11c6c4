/** Installs workerd from npm into `.tmp/edge`, and bundles the Workers that it runs, as a user's bundler would. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { build } from "vite";
import { root, runOrThrow } from "../tools/command.mjs";

export const folder = `${root}.tmp/edge`;
export const program = `${folder}/node_modules/.bin/workerd`;

/** Each bundle, and the file that it begins with. */
const workers = { worker: "test/edge/worker.ts", example: "examples/edge-receiver/worker.ts" };

export async function install() {
  if (existsSync(program)) return;
  console.log("  installing workerd from npm into .tmp/edge");
  mkdirSync(folder, { recursive: true });
  const manifest = { private: true, dependencies: { workerd: "latest" }, allowScripts: { workerd: true } };
  writeFileSync(`${folder}/package.json`, JSON.stringify(manifest, null, 2));
  await runOrThrow("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], { cwd: folder });
}

export async function bundleWorkers() {
  for (const [name, entry] of Object.entries(workers)) await bundleWorker(name, entry);
}

export async function bundleWorker(name, entry) {
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    build: {
      outDir: `${folder}/bundle`,
      emptyOutDir: false,
      target: "es2022",
      minify: false,
      lib: { entry: `${root}${entry}`, formats: ["es"], fileName: () => `${name}.js` },
    },
  });
}
