/**
 * Durable appends in a Chromium: walkabout, a bare handle, and what people use instead, in turn in one run.
 *
 *     npm run bench:browser               prints the report
 *     npm run bench:browser -- --quick    shorter rounds
 *     npm run bench:browser -- --save     writes bench/RESULTS-browser.md as well
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { build } from "vite";
import { startChromium } from "../test/browser/driver/browsers.mjs";
import { installBrowsers } from "../test/browser/driver/install.mjs";

const options = process.argv.slice(2);
const unknown = options.find((option) => !["--quick", "--save"].includes(option));
if (unknown !== undefined) {
  console.error(`bench: unknown option ${unknown}; there are --quick and --save`);
  process.exit(3);
}
const quick = options.includes("--quick");
const rounds = quick ? 2 : 7;
const ms = quick ? 150 : 400;
const here = import.meta.dirname;
const lines = [];
const say = (line = "") => {
  lines.push(line);
  console.log(line);
};

const scenarios = [
  ["100 B, one at a time", { bytes: 100, atOnce: 1 }],
  ["1 KiB, one at a time", { bytes: 1024, atOnce: 1 }],
  ["100 B, 1,000 at once", { bytes: 100, atOnce: 1000 }],
  ["1 KiB, 1,000 at once", { bytes: 1024, atOnce: 1000 }],
];

function installPeers() {
  if (existsSync(join(here, "node_modules/dexie"))) return;
  console.log("installing what is compared into bench/node_modules");
  execFileSync("npm", ["install", "--no-package-lock", "--no-audit", "--no-fund"], { cwd: here });
}

async function bundle() {
  const outDir = join(here, "../.tmp/bench-browser");
  await build({
    root: join(here, ".."),
    configFile: false,
    logLevel: "warn",
    worker: { format: "es" },
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: {
        input: { page: join(here, "browser/page.ts") },
        output: { entryFileNames: "[name].js" },
      },
    },
  });
  return outDir;
}

async function serve(folder) {
  const types = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
  const server = createServer((request, response) => {
    if (request.url === "/") {
      response.setHeader("content-type", "text/html");
      response.end('<!doctype html><script type="module" src="/page.js"></script>');
      return;
    }
    try {
      const body = readFileSync(join(folder, new URL(request.url, "http://x").pathname));
      response.setHeader("content-type", types[extname(request.url)] ?? "application/octet-stream");
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Evaluates an expression in the tab and answers its value. */
async function evaluate(tab, expression) {
  const answer = await tab.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception?.description ?? "it threw");
  return answer.result.value;
}

/** Seconds that the main thread of the tab has worked. */
async function worked(tab) {
  const { metrics } = await tab.send("Performance.getMetrics", {});
  return metrics.find(({ name }) => name === "TaskDuration").value;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

async function measureAll(tab, entries) {
  const results = new Map();
  for (let round = 0; round <= rounds; round++) {
    for (const [title, scenario] of scenarios) {
      for (const { name } of entries) {
        const before = await worked(tab);
        const asked = `measure(${JSON.stringify(name)}, ${JSON.stringify({ ...scenario, ms })})`;
        const measured = await evaluate(tab, asked);
        const busy = (await worked(tab)) - before;
        // The first round warms everything up.
        if (round === 0) continue;
        const key = `${title} ${name}`;
        if (!results.has(key)) results.set(key, []);
        results.get(key).push({
          rate: (measured.values / measured.ms) * 1000,
          busyMicros: (busy / measured.values) * 1e6,
        });
      }
    }
  }
  return results;
}

function table(title, entries, results) {
  const floor = results.get(`${title} bare handle`).map(({ rate }) => rate);
  say(`## ${title}`);
  say();
  say("| | in a | its answer means | a second | of the bare handle | main thread, µs each |");
  say("| --- | --- | --- | --- | --- | --- |");
  for (const { name, context, means } of entries) {
    const rows = results.get(`${title} ${name}`);
    const ratio = median(rows.map(({ rate }, index) => rate / floor[index]));
    const rate = Math.round(median(rows.map((row) => row.rate))).toLocaleString("en");
    const busy = context === "page" ? median(rows.map((row) => row.busyMicros)).toFixed(1) : "";
    say(`| ${name} | ${context} | ${means} | ${rate} | ${ratio.toFixed(ratio < 0.1 ? 3 : 2)} | ${busy} |`);
  }
  say();
}

installPeers();
const versions = await installBrowsers();
const folder = await bundle();
const server = await serve(folder);
const profile = mkdtempSync(join(tmpdir(), "walkabout-bench-"));
const chromium = await startChromium(profile, server.url);
try {
  const tab = await chromium.devtools.tab(server.url);
  await tab.send("Performance.enable", {});
  for (let tries = 0; !(await evaluate(tab, "'measure' in globalThis")); tries++) {
    if (tries > 100) throw new Error("the page did not start");
    await new Promise((wake) => setTimeout(wake, 100));
  }
  const entries = await evaluate(tab, "entries");
  const results = await measureAll(tab, entries);
  say("# Figures in a browser");
  say();
  say(
    `Made by \`npm run bench:browser${quick ? " -- --quick" : ""}\` on ${new Date().toISOString().slice(0, 10)}: ${versions.split(", ")[0]}, headless,`,
  );
  say("with its profile on a disk. Medians of rounds; only ratios carry over to another machine.");
  say();
  for (const [title] of scenarios) table(title, entries, results);
} finally {
  await chromium.kill();
  server.close();
  rmSync(profile, { recursive: true, force: true });
}
if (options.includes("--save")) writeFileSync(join(here, "RESULTS-browser.md"), `${lines.join("\n")}\n`);
