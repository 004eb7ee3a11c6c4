/**
 * The searches for crashes and errors, on the real storages of the browsers: some of all accidents that there are, drawn
 * with fresh seeds. SIM_SEED draws the same ones again, and with BROWSER_SEARCHES=20 each is done 20 times.
 */
import { besideChromium, checkSuite } from "./suites.mjs";

const { SIM_SEED, BROWSER_SEARCHES = "1" } = process.env;

/** `runs` is how many accidents of each kind are tried. A worker takes longer to start than a database to open. */
const searches = [
  { browser: "Chromium", suite: "opfs-search", context: "worker", runs: 15 },
  { browser: "Chromium", suite: "indexeddb-search", context: "page", runs: 15 },
  { browser: "Chromium", suite: "indexeddb-search", context: "worker", runs: 10 },
  { browser: "Chromium", suite: "browser-search", context: "page", runs: 10 },
  { browser: "Firefox", suite: "opfs-search", context: "worker", runs: 4 },
  { browser: "Firefox", suite: "browser-search", context: "page", runs: 4 },
  { browser: "Firefox", suite: "indexeddb-search", context: "page", runs: 10 },
  { browser: "WebKit", suite: "indexeddb-search", context: "page", runs: 10 },
];

export async function checkSearches(server, tally, only) {
  for (let round = 0; round < Number(BROWSER_SEARCHES); round++) {
    await besideChromium(searches, async (each) => {
      const seed = SIM_SEED ?? Math.floor(Math.random() * 2 ** 31);
      const title = `${each.browser}, ${each.suite} in a ${each.context} (SIM_SEED=${seed})`;
      if (!only || title.includes(only)) await checkSuite(server, tally, title, { ...each, seed });
    });
  }
}
