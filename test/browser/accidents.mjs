/**
 * Browsers that are killed in the middle of appends, and file systems that lose their power under a browser: in
 * the first seconds of a new log, and later. What was acknowledged has to be there, as far as the
 * acknowledgement promised.
 */
import { Acknowledged } from "./acknowledged.mjs";
import { LoopDisk, whyNoLoopDisk } from "../tools/loop-disk.mjs";
import { session, withProfile } from "./session.mjs";

const both = ["opfs", "indexeddb"];

/** Small segments, so that many begin and end while a browser lives. */
export const usual = { segmentBytes: 20_000, retentionBytes: 300_000, valueBytes: 400 };

export async function checkKills(server, tally) {
  const cases = [
    { browser: "Chromium", stores: both, rounds: 6 },
    { browser: "Firefox", stores: both, rounds: 2 },
    { browser: "WebKit", stores: ["indexeddb"], rounds: 2 },
  ];
  for (const { browser, stores, rounds } of cases) {
    const life = { server, browser, stores, acknowledged: new Acknowledged(), accident: "kill" };
    await tally.check(`${browser}: killed ${rounds} times in mid-append`, async () => {
      await withProfile(async (profile) => {
        for (let round = 0; round < rounds; round++) {
          await live({ ...life, profile, acks: 20 + Math.floor(Math.random() * 60) });
        }
        await look({ ...life, profile });
      });
      return sum(life.acknowledged);
    });
  }
}

export async function checkPowerCuts(server, tally) {
  const cases = [
    { browser: "Chromium", stores: both, rounds: 5 },
    { browser: "Firefox", stores: both, rounds: 2 },
    { browser: "WebKit", stores: ["indexeddb"], rounds: 2 },
  ];
  for (const { browser, stores, rounds } of cases) {
    await tally.check(`${browser}: ${rounds} power cuts in the first seconds of new logs`, async () => {
      const totals = [];
      for (let round = 0; round < rounds; round++) {
        totals.push(await cutOnce({ server, browser, stores, acks: 5 + Math.floor(Math.random() * 200) }));
      }
      return totals.join("; ");
    });
  }
}

/** Names settle while the browser works, and the power is cut some seconds later. */
export async function checkSettled(server, tally) {
  const parameters = { settleMs: 60_000, segmentBytes: 200_000, retentionBytes: 2_000_000 };
  await tally.check("Chromium: a power cut behind the time in which names settle", () =>
    cutOnce({ server, browser: "Chromium", stores: ["opfs"], disks: 2000, parameters }),
  );
}

async function cutOnce(life) {
  const whyNot = whyNoLoopDisk("ext4");
  if (whyNot !== undefined) return `not tried: ${whyNot}`;
  const disk = new LoopDisk("ext4", 700);
  const acknowledged = new Acknowledged();
  const here = { ...life, acknowledged, accident: "power", profile: `${disk.folder}/profile` };
  try {
    const ended = async (started) => {
      await started.freeze();
      disk.cutPower();
    };
    await live({ ...here, ended });
    await disk.remount();
    await look(here);
  } finally {
    disk.remove();
  }
  return sum(acknowledged);
}

/** Lets a browser append until it has acknowledged enough: so many records, or so many as being on disk. */
async function live({
  acks = Infinity,
  disks = Infinity,
  acknowledged,
  accident,
  stores,
  parameters,
  ...life
}) {
  const before = { ...acknowledged.counts };
  await session({
    ...life,
    page: "appender",
    parameters: { ...usual, ...parameters, stores: stores.join(), mode: "append" },
    heard: (message, done) => {
      if (message.type === "refused") throw new Error(message.message);
      if (message.type === "opened") acknowledged.judge(accident, message);
      if (message.type === "ack") acknowledged.take(message);
      const { disk, os } = acknowledged.counts;
      if (disk + os - before.disk - before.os >= acks || disk - before.disk >= disks) done();
    },
  });
}

/** Opens the logs once more, and judges what is in them. */
export async function look({ acknowledged, accident, stores, ...life }) {
  const closed = new Set();
  await session({
    ...life,
    page: "appender",
    parameters: { ...usual, stores: stores.join(), mode: "read" },
    heard: (message, done) => {
      if (message.type === "opened") acknowledged.judge(accident, message);
      if (message.type === "closed") closed.add(message.store);
      if (closed.size === stores.length) done();
    },
  });
}

export function sum({ counts }) {
  return `${counts.disk} acks of disk, ${counts.os} of os`;
}
