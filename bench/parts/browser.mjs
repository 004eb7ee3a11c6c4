/** Durable appends in a Chromium: walkabout, a bare handle, and what people use instead, in turn in one run. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bundle } from "../../test/browser/driver/build.mjs";
import { startChromium } from "../../test/browser/driver/browsers.mjs";
import { installBrowsers } from "../../test/browser/driver/install.mjs";
import { inTurn, median, spread } from "../numbers.mjs";

const root = join(import.meta.dirname, "../..");

const scenarios = [
  ["100 B, one at a time", { bytes: 100, atOnce: 1 }],
  ["1 KiB, one at a time", { bytes: 1024, atOnce: 1 }],
  ["100 B, 1,000 at once", { bytes: 100, atOnce: 1000 }],
  ["1 KiB, 1,000 at once", { bytes: 1024, atOnce: 1000 }],
];

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

const answerMsMax = 60_000;

/** Evaluates an expression in the tab and answers its value. */
async function evaluate(tab, expression) {
  const answered = tab.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  const late = sleep(answerMsMax, undefined, { ref: false });
  const answer = await Promise.race([answered, late]);
  if (answer === undefined) throw new Error(`there was no answer within ${answerMsMax / 1000} s`);
  if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception?.description ?? "it threw");
  return answer.result.value;
}

/** Seconds that the main thread of the tab has worked. */
async function worked(tab) {
  const { metrics } = await tab.send("Performance.getMetrics", {});
  return metrics.find(({ name }) => name === "TaskDuration").value;
}

async function measureAll(tab, entries, { rounds, ms }) {
  const results = scenarios.map(([title, scenario]) => ({
    title,
    scenario,
    rows: entries.map((entry) => ({ ...entry, rounds: [] })),
  }));
  for (let round = 0; round <= rounds; round++) {
    for (const { scenario, rows } of results) {
      for (const row of inTurn(rows, round)) {
        const measured = await measureOne(tab, row, { ...scenario, ms });
        // The first round warms everything up.
        if (round > 0 && measured !== undefined) row.rounds.push(measured);
      }
    }
  }
  return results.map(({ title, rows }) => ({ title, rows: rows.map((row) => summary(row, rows[0])) }));
}

/** Who fails once is out, with the reason. */
async function measureOne(tab, row, scenario) {
  if (row.failed !== undefined) return undefined;
  try {
    const before = await worked(tab);
    const { values, ms } = await evaluate(
      tab,
      `measure(${JSON.stringify(row.name)}, ${JSON.stringify(scenario)})`,
    );
    const busy = (await worked(tab)) - before;
    return { perSecond: (values / ms) * 1000, busyMicros: (busy / values) * 1e6 };
  } catch (error) {
    row.failed = error.message.split("\n")[0];
    return undefined;
  }
}

function summary({ name, context, means, failed, rounds }, floor) {
  const row = { name, context, means };
  if (failed !== undefined || floor.failed !== undefined) return { ...row, failed: failed ?? floor.failed };
  return {
    ...row,
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
    ratio: spread(rounds.map(({ perSecond }, index) => perSecond / floor.rounds[index].perSecond)),
    busyMicros: context === "page" ? median(rounds.map(({ busyMicros }) => busyMicros)) : undefined,
  };
}

export async function measureBrowser({ budget, progress }) {
  progress("the browser and the page");
  const versions = await installBrowsers();
  const folder = join(root, ".tmp/bench-browser");
  await bundle({ page: join(root, "bench/browser/page.ts") }, folder);
  const server = await serve(folder);
  const profile = mkdtempSync(join(tmpdir(), "walkabout-bench-"));
  const chromium = await startChromium(profile, server.url);
  try {
    const tab = await chromium.devtools.tab(server.url);
    await tab.send("Performance.enable", {});
    for (let tries = 0; !(await evaluate(tab, "'measure' in globalThis")); tries++) {
      if (tries > 100) throw new Error("the page did not start");
      await sleep(100);
    }
    progress("appends");
    const entries = await evaluate(tab, "entries");
    return { browser: versions.split(", ")[0], scenarios: await measureAll(tab, entries, budget) };
  } finally {
    await chromium.kill();
    server.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
