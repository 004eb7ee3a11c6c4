/** The tests in real browsers: Chromium, Firefox and WebKit, each with a profile on the disk. */
import { checkKills, checkPowerCuts, checkSettled } from "./accidents.mjs";
import { checkBackgroundSync } from "./background-sync.mjs";
import { checkArchives } from "./archive.mjs";
import { buildPages } from "./driver/build.mjs";
import { installBrowsers } from "./driver/install.mjs";
import { startServer } from "./driver/server.mjs";
import { checkOutbox } from "./outbox.mjs";
import { checkCleared, checkQuota, checkReloads } from "./mishaps.mjs";
import { checkRoom } from "./room.mjs";
import { checkSearches } from "./searches.mjs";
import { checkSuites } from "./suites.mjs";
import { checkTabs } from "./tabs.mjs";

/** One group after the other. The rows of a group run side by side, because each waits for a browser most of the time. */
const groups = [
  [{ suites: checkSuites }],
  [
    { kills: checkKills, power: checkPowerCuts, reloads: checkReloads, quota: checkQuota, room: checkRoom },
    {
      searches: checkSearches,
      cleared: checkCleared,
      tabs: checkTabs,
      outbox: checkOutbox,
      sync: checkBackgroundSync,
      archives: checkArchives,
    },
  ],
];

/** Runs all parts, or the one that is asked for, of which it may take those checks alone whose title has a text. */
export async function checkBrowsers(tally, part = undefined, title = undefined) {
  if (!(await tally.check("browsers", installBrowsers))) return;
  if (!(await tally.check("the pages are bundled", buildPages))) return;
  const server = await startServer();
  try {
    // It waits most of the time, so it does that beside the others.
    const settled = part === undefined || part === "settled" ? checkSettled(server, tally) : undefined;
    const checkRow = async (row) => {
      for (const [name, check] of Object.entries(row)) {
        if (part === undefined || part === name) await check(server, tally, title);
      }
    };
    for (const group of groups) await Promise.all(group.map(checkRow));
    await settled;
  } finally {
    server.close();
  }
}
