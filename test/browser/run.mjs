/** The tests in real browsers: Chromium, Firefox and WebKit, each with a profile on the disk. */
import { checkKills, checkPowerCuts, checkSettled } from "./accidents.mjs";
import { buildPages } from "./driver/build.mjs";
import { installBrowsers } from "./driver/install.mjs";
import { startServer } from "./driver/server.mjs";
import { runSuites } from "./suites.mjs";

export async function checkBrowsers(tally, only = undefined) {
  if (!(await tally.check("browsers", installBrowsers))) return;
  if (!(await tally.check("the pages are bundled", buildPages))) return;
  const server = await startServer();
  try {
    if (!only || only.startsWith("suites")) await runSuites(server, tally, only?.slice("suites ".length));
    if (!only || only === "kills") await checkKills(server, tally);
    if (!only || only === "power") await checkPowerCuts(server, tally);
    if (!only || only === "settled") await checkSettled(server, tally);
  } finally {
    server.close();
  }
}
