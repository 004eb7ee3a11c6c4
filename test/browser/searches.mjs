/**
 * The searches for crashes and errors, on the real storages of the browsers: some of all accidents, drawn with a fresh
 * seed, or all of them with BROWSER_SEARCH=all. SIM_SEED draws the same ones again.
 */
import { checkSuite } from "./suites.mjs";

const { SIM_SEED, BROWSER_SEARCH } = process.env;

const searches = [
  { browser: "Chromium", suite: "opfs-search", context: "worker", runs: 25 },
  { browser: "Chromium", suite: "indexeddb-search", context: "page", runs: 40 },
  { browser: "Chromium", suite: "indexeddb-search", context: "worker", runs: 20 },
  { browser: "Chromium", suite: "browser-search", context: "page", runs: 10 },
  { browser: "Firefox", suite: "opfs-search", context: "worker", runs: 6 },
  { browser: "Firefox", suite: "browser-search", context: "page", runs: 4 },
  { browser: "Firefox", suite: "indexeddb-search", context: "page", runs: 20 },
  { browser: "WebKit", suite: "indexeddb-search", context: "page", runs: 20 },
];

export async function checkSearches(server, tally, only) {
  const seed = SIM_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SIM_SEED);
  for (const each of searches) {
    const runs = BROWSER_SEARCH === "all" ? Infinity : each.runs;
    const title = `${each.browser}, ${each.suite} in a ${each.context} (SIM_SEED=${seed})`;
    if (!only || title.includes(only)) await checkSuite(server, tally, title, { ...each, seed, runs });
  }
}
