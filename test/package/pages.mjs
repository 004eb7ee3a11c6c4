/**
 * The package in pages, as users build them: bundled by Vite, webpack and esbuild, served with a strict content
 * security policy, and run in a real Chromium. The worker has to be found, and has to have the handles.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";
import { build as vite } from "vite";
import webpack from "webpack";
import { startServer } from "../browser/driver/server.mjs";
import { installBrowsers } from "../browser/driver/install.mjs";
import { session, withProfile } from "../browser/session.mjs";

const bundlers = { Vite: withVite, webpack: withWebpack, esbuild: withEsbuild };

export async function checkPages(project, tally) {
  if (!(await tally.check("browsers", installBrowsers))) return;
  for (const [name, bundle] of Object.entries(bundlers)) {
    await tally.check(`a page built by ${name} has handles in the worker of walkabout/browser`, async () => {
      const folder = join(project, `page-of-${name}`);
      mkdirSync(folder);
      // Only esbuild has to be told where the worker is.
      const parameters = (await bundle(project, folder)) ?? {};
      return runPage(folder, parameters);
    });
  }
}

async function runPage(folder, parameters) {
  const server = await startServer(folder);
  let opened;
  try {
    await withProfile((profile) =>
      session({
        server,
        browser: "Chromium",
        profile,
        page: "app",
        parameters,
        heard: (message, done) => {
          opened = message;
          done();
        },
      }),
    );
  } finally {
    server.close();
  }
  if (!opened.storage.includes("opfs: handles work here")) throw new Error(opened.storage);
  if (opened.value !== "from a page") throw new Error(`the record reads ${opened.value}`);
  return opened.storage;
}

async function withVite(project, folder) {
  await vite({
    root: project,
    configFile: false,
    logLevel: "silent",
    worker: { format: "es" },
    build: {
      outDir: folder,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: { input: join(project, "app.mjs"), output: { entryFileNames: "[name].js" } },
    },
  });
}

async function withWebpack(project, folder) {
  const stats = await new Promise((resolve, reject) => {
    const options = {
      mode: "production",
      context: project,
      entry: { app: "./app.mjs" },
      output: { path: folder, publicPath: "/" },
    };
    webpack(options, (error, result) => (error ? reject(error) : resolve(result)));
  });
  if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString("errors-warnings"));
}

async function withEsbuild(project, folder) {
  await esbuild.build({
    absWorkingDir: project,
    entryPoints: { app: "./app.mjs", "walkabout-worker": "walkabout/browser/worker" },
    outdir: folder,
    bundle: true,
    format: "esm",
    minify: true,
    logLevel: "silent",
  });
  return { worker: "/walkabout-worker.js" };
}
