/**
 * What happens to browsers that nobody kills: pages that are reloaded again and again, a quota that runs out and
 * is raised, data that are cleared under an open log, tabs that are frozen or closed.
 */
import { usual, look, sum } from "./accidents.mjs";
import { Acknowledged } from "./acknowledged.mjs";
import { session, withProfile } from "./session.mjs";

const both = ["opfs", "indexeddb"];
const reloads = 50;

export async function checkReloads(server, tally) {
  for (const browser of ["Chromium", "Firefox"]) {
    await tally.check(
      `${browser}: ${reloads} reloads, one append each, on ${both.join(" and ")}`,
      async () => {
        const loads = new Map(both.map((store) => [store, 0]));
        const heard = ({ type, store, values }, done) => {
          if (type !== "appended") return;
          const count = loads.get(store);
          if (values.length !== count) {
            throw new Error(`after ${count} appends the log on ${store} held ${values.length} records`);
          }
          loads.set(store, count + 1);
          if (Math.min(...loads.values()) === reloads) done();
        };
        await withProfile((profile) =>
          session({ server, browser, profile, page: "reloaded", parameters: {}, heard }),
        );
      },
    );
  }
}

export async function checkQuota(server, tally) {
  for (const store of both) {
    await tally.check(`Chromium: the quota runs out under ${store} and is raised again`, async () => {
      const acknowledged = new Acknowledged();
      const counts = { refused: 0, afterwards: 0 };
      let tab;
      let phase = "plenty";
      const quota = (quotaSize) =>
        tab.send("Storage.overrideQuotaForOrigin", { origin: server.origin, quotaSize });
      await withProfile(async (profile) => {
        const life = { server, browser: "Chromium", profile };
        await session({
          ...life,
          page: "appender",
          parameters: {
            ...usual,
            stores: store,
            mode: "append",
            valueBytes: 20_000,
            segmentBytes: 500_000,
            retentionBytes: 1e12,
          },
          begun: async ({ devtools }) => {
            tab = await devtools.tab("/page/appender");
            await quota(4_000_000);
          },
          heard: (message, done) => {
            if (message.type === "opened") acknowledged.judge("kill", message);
            if (message.type === "ack") acknowledged.take(message);
            if (message.type === "refused") {
              if (!/FLUSH_FAILED/.test(message.message)) throw new Error(message.message);
              if (++counts.refused === 20) {
                phase = "raised";
                void quota(400_000_000);
              }
            }
            if (phase === "raised" && message.type === "ack" && ++counts.afterwards === 100) done();
          },
        });
        await look({ ...life, stores: [store], acknowledged, accident: "kill" });
      });
      return `${counts.refused} refused, ${sum(acknowledged)}`;
    });
  }
}

/** Clearing the data of a site closes its databases: a log on them must not go on as an empty one. */
export async function checkCleared(server, tally) {
  await tally.check("Chromium: the site's data are cleared under an open log on indexeddb", async () => {
    let tab;
    let acks = 0;
    const refusals = [];
    await withProfile((profile) =>
      session({
        server,
        browser: "Chromium",
        profile,
        page: "appender",
        parameters: { ...usual, stores: "indexeddb", mode: "append" },
        begun: async ({ devtools }) => {
          tab = await devtools.tab("/page/appender");
        },
        heard: (message, done) => {
          if (message.type === "ack" && ++acks === 50) {
            void tab.send("Storage.clearDataForOrigin", { origin: server.origin, storageTypes: "indexeddb" });
          }
          if (message.type === "refused") refusals.push(message.message);
          if (refusals.length === 10) done();
        },
      }),
    );
    const other = refusals.find((message) => !/FLUSH_FAILED/.test(message));
    if (other !== undefined) throw new Error(other);
    if (!refusals.some((message) => /evicted/.test(message)))
      throw new Error(`no reason: ${refusals.join("\n")}`);
  });
}
