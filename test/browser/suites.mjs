/** Runs the suites that live in pages, in every browser, and counts their tests. */
import { session, withProfile } from "./session.mjs";

const suites = [
  { browser: "Chromium", suite: "opfs", context: "worker" },
  { browser: "Chromium", suite: "browser", context: "page" },
  { browser: "Chromium", suite: "choice", context: "page" },
  { browser: "Chromium", suite: "outbox", context: "page" },
  { browser: "Chromium", suite: "indexeddb", context: "page" },
  { browser: "Chromium", suite: "indexeddb", context: "worker" },
  { browser: "Chromium", suite: "indexeddb", context: "service worker" },
  { browser: "Chromium", suite: "choice", context: "page", isPrivate: true },
  { browser: "Firefox", suite: "opfs", context: "worker" },
  { browser: "Firefox", suite: "choice", context: "page" },
  { browser: "Firefox", suite: "outbox", context: "page" },
  { browser: "Firefox", suite: "indexeddb", context: "page" },
  { browser: "Firefox", suite: "indexeddb", context: "service worker" },
  { browser: "Firefox", suite: "choice", context: "page", isPrivate: true },
  { browser: "WebKit", suite: "choice", context: "page" },
  { browser: "WebKit", suite: "indexeddb", context: "page" },
  { browser: "WebKit", suite: "indexeddb", context: "worker" },
  { browser: "WebKit", suite: "indexeddb", context: "service worker" },
  { browser: "WebKit", suite: "choice", context: "page", isPrivate: true },
];

export async function checkSuites(server, tally, only) {
  await besideChromium(suites, async (each) => {
    const title = `${each.browser}, ${each.suite} in a ${each.context}${each.isPrivate ? ", private" : ""}`;
    if (!only || title.includes(only)) await checkSuite(server, tally, title, each);
  });
}

/** Calls `check` with each suite, those of Chromium one by one beside those of the others: each way keeps a core busy. */
export async function besideChromium(all, check) {
  const ways = [true, false].map((isChromium) =>
    all.filter(({ browser }) => (browser === "Chromium") === isChromium),
  );
  await Promise.all(
    ways.map(async (way) => {
      for (const each of way) await check(each);
    }),
  );
}

/** All but the browser goes into the address of the page. */
export async function checkSuite(server, tally, title, { browser, ...parameters }) {
  const { isPrivate } = parameters;
  const counts = { passed: 0, failed: 0, skipped: new Map(), notes: [] };
  const heard = (message, done) => {
    if (message.type === "test") count(message, counts);
    if (message.type === "end") done();
  };
  await tally.check(title, async () => {
    await withProfile((profile) =>
      session({ server, browser, profile, page: "suite", parameters, isPrivate, heard }),
    );
    if (counts.passed === 0) throw new Error("no test ran");
    if (counts.failed > 0) throw new Error(`${counts.failed} tests failed, see above`);
    return [`${counts.passed} tests passed`, ...counts.notes].join("; ");
  });
  // The check above stands for one of them.
  tally.add({ passed: Math.max(0, counts.passed - 1), failed: Math.max(0, counts.failed - 1) });
  for (const [reason, number] of counts.skipped) console.log(`        ${number} left out: ${reason}`);
}

function count({ name, state, message, note }, counts) {
  if (state === "skipped") {
    const reason = /\((.*)\)$/.exec(name)?.[1] ?? name;
    counts.skipped.set(reason, (counts.skipped.get(reason) ?? 0) + 1);
    return;
  }
  counts[state] += 1;
  if (note) counts.notes.push(note);
  if (state === "failed") console.log(`        FAIL ${name}: ${message}`);
}
