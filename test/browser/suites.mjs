/** Runs the suites that live in pages, in every browser, and counts their tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChromium, startFirefox, startWebKit } from "./driver/browsers.mjs";

const launchers = { Chromium: startChromium, Firefox: startFirefox, WebKit: startWebKit };

const suites = [
  { browser: "Chromium", suite: "opfs", context: "worker" },
  { browser: "Chromium", suite: "indexeddb", context: "page" },
  { browser: "Chromium", suite: "indexeddb", context: "worker" },
  { browser: "Firefox", suite: "opfs", context: "worker" },
  { browser: "Firefox", suite: "indexeddb", context: "page" },
  { browser: "Firefox", suite: "indexeddb", context: "worker" },
  { browser: "WebKit", suite: "indexeddb", context: "page" },
  { browser: "WebKit", suite: "indexeddb", context: "worker" },
];

/** Silence for this long means that the browser is stuck. */
const silenceMs = 90_000;

export async function runSuites(server, tally, only) {
  for (const each of suites) {
    const title = `${each.browser}, ${each.suite} in a ${each.context}`;
    if (only && !title.includes(only)) continue;
    await runSuite(server, tally, title, each);
  }
}

async function runSuite(server, tally, title, { browser, suite, context }) {
  const profile = mkdtempSync(join(tmpdir(), "walkabout-browser-"));
  const counts = { passed: 0, failed: 0, skipped: new Map() };
  try {
    await tally.check(title, async () => {
      await inBrowser(server, launchers[browser], profile, { suite, context }, (report) =>
        count(report, counts),
      );
      if (counts.passed === 0) throw new Error("no test ran");
      if (counts.failed > 0) throw new Error(`${counts.failed} tests failed, see above`);
      return `${counts.passed} tests passed`;
    });
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
  // The check above stands for all of them but one.
  tally.add({ passed: Math.max(0, counts.passed - 1), failed: Math.max(0, counts.failed - 1) });
  for (const [reason, number] of counts.skipped) console.log(`        ${number} left out: ${reason}`);
}

function count(report, counts) {
  if (report.type !== "test") return;
  if (report.state === "skipped") {
    const reason = /\((.*)\)$/.exec(report.name)?.[1] ?? report.name;
    counts.skipped.set(reason, (counts.skipped.get(reason) ?? 0) + 1);
  } else counts[report.state] += 1;
  if (report.state === "failed") console.log(`        FAIL ${report.name}: ${report.message}`);
}

/** Opens a page, and resolves when it has reported its end. */
export async function inBrowser(server, launch, profile, parameters, heard) {
  let browser;
  let timer;
  let run;
  try {
    await new Promise((resolve, reject) => {
      const stuck = () => reject(new Error(`nothing was heard for ${silenceMs} ms`));
      timer = setTimeout(stuck, silenceMs);
      run = server.listen("suite", parameters, (report) => {
        clearTimeout(timer);
        timer = setTimeout(stuck, silenceMs);
        if (report.type === "error") reject(new Error(report.message));
        else if (report.type === "end") resolve();
        else heard(report);
      });
      launch(profile, run.url).then((started) => (browser = started), reject);
    });
  } finally {
    clearTimeout(timer);
    run?.stop();
    await browser?.kill();
  }
}
