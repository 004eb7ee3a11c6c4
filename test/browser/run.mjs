/** The tests in real browsers: Chromium, Firefox and WebKit, each with a profile on the disk. */
import { buildPages } from "./driver/build.mjs";
import { installBrowsers } from "./driver/install.mjs";
import { startServer } from "./driver/server.mjs";
import { runSuites } from "./suites.mjs";

export async function checkBrowsers(tally, only = undefined) {
  if (!(await tally.check("browsers", installBrowsers))) return;
  if (!(await tally.check("the pages are bundled", buildPages))) return;
  const server = await startServer();
  try {
    await runSuites(server, tally, only);
  } finally {
    server.close();
  }
}
