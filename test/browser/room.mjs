/**
 * A quota that is lowered under a log which may drop what is old: appends are refused only for as long as
 * nothing is old enough, and go on by themselves then, in the same quota.
 */
import { session, withProfile } from "./session.mjs";

const space = 60_000_000;

/** On IndexedDB, a quota that is used up takes no byte more, not even what is to make room. */
const cases = [
  { prefer: "opfs", what: "the quota", quota: space, retentionMs: 100 },
  { prefer: "opfs", what: "the budget", maxBytes: space, retentionMs: 1500 },
  { prefer: "indexeddb", what: "the budget", maxBytes: space, retentionMs: 1500 },
];

export async function checkRoom(server, tally, only) {
  for (const each of cases) {
    const title = `Chromium: a log on ${each.prefer} makes room for itself when ${each.what} is used up`;
    if (only && !title.includes(only)) continue;
    await tally.check(title, () => withProfile((profile) => runOut(server, profile, each)));
  }
}

async function runOut(server, profile, { prefer, quota, maxBytes, retentionMs }) {
  const counts = { before: 0, refused: 0, dropped: 0, afterwards: 0 };
  await session({
    server,
    browser: "Chromium",
    profile,
    page: "room",
    // Segments are larger than the space: none is begun, and nothing dropped, because one is full.
    parameters: {
      prefer,
      ...(maxBytes && { maxBytes }),
      segmentBytes: 500_000_000,
      valueBytes: 400_000,
      retentionMs,
    },
    begun: async ({ devtools }) => {
      const tab = await devtools.tab("/page/room");
      if (quota)
        await tab.send("Storage.overrideQuotaForOrigin", { origin: server.origin, quotaSize: quota });
    },
    heard: (message, done) => {
      if (message.type === "opened" && !message.home.includes(prefer)) throw new Error(message.home);
      if (message.type === "refused") {
        if (message.code !== "FULL") throw new Error(message.message);
        counts.refused++;
      }
      if (message.type !== "ack") return;
      counts.dropped = message.first;
      if (counts.refused === 0) counts.before++;
      else if (message.first > 0 && ++counts.afterwards === 100) done();
    },
  });
  if (counts.refused === 0) throw new Error("the space was never used up");
  return `${counts.before} acks, ${counts.refused} refused with FULL, then ${counts.dropped} records dropped`;
}
