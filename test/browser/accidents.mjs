/**
 * Browsers that die in the middle of appends, and file systems that lose their power under a browser: in the
 * first seconds of a new log, and later. What was acknowledged has to be there, as far as the
 * acknowledgement promised.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Acknowledged } from "./acknowledged.mjs";
import { startChromium, startFirefox, startWebKit } from "./driver/browsers.mjs";
import { makeDisk } from "./driver/disk.mjs";

const launchers = { Chromium: startChromium, Firefox: startFirefox, WebKit: startWebKit };
const both = ["opfs", "indexeddb"];

/** How long a browser may take to open its logs, in ms. */
const openMsMax = 60_000;

export async function checkKills(server, tally) {
  const cases = [
    { browser: "Chromium", stores: both, rounds: 6 },
    { browser: "Firefox", stores: both, rounds: 2 },
    { browser: "WebKit", stores: ["indexeddb"], rounds: 2 },
  ];
  for (const { browser, stores, rounds } of cases) {
    await tally.check(`${browser}: killed in mid-append, ${rounds} times`, async () => {
      const profile = mkdtempSync(join(tmpdir(), "walkabout-browser-"));
      const acknowledged = new Acknowledged();
      try {
        for (let round = 0; round < rounds; round++) {
          const parameters = { stores: stores.join(), settleMs: round % 2 === 0 ? 150_000 : 0 };
          await live(server, browser, profile, parameters, acknowledged, "kill", {
            acks: 20 + Math.floor(Math.random() * 60),
          });
        }
        await look(server, browser, profile, stores, acknowledged, "kill");
      } finally {
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      }
      return sum(acknowledged);
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
        const acks = 5 + Math.floor(Math.random() * 200);
        totals.push(await cutOnce(server, browser, stores, { acks }));
      }
      return totals.join("; ");
    });
  }
}

/** Names settle while the browser works, and the power is cut some seconds later. */
export async function checkSettled(server, tally) {
  const settleMs = 60_000;
  await tally.check("Chromium: a power cut behind the time in which names settle", async () => {
    return cutOnce(server, "Chromium", ["opfs"], { afterDisk: 100 }, { settleMs });
  });
}

async function cutOnce(server, browser, stores, until, settling = {}) {
  const disk = await makeDisk();
  if (typeof disk === "string") return `not tried: ${disk}`;
  const acknowledged = new Acknowledged();
  try {
    const profile = `${disk.path}/profile`;
    const parameters = { stores: stores.join(), ...settling };
    await live(server, browser, profile, parameters, acknowledged, "power", until, disk);
    await disk.mountAgain();
    await look(server, browser, profile, stores, acknowledged, "power");
  } finally {
    await disk.remove();
  }
  return sum(acknowledged);
}

/** Lets a browser append until it has acknowledged enough, and then kills it, or first cuts its power. */
async function live(server, browser, profile, parameters, acknowledged, accident, until, disk) {
  const { acks = Infinity, afterDisk = Infinity } = until;
  let heard = 0;
  let disks = 0;
  await session(
    server,
    browser,
    profile,
    { ...parameters, mode: "append" },
    (message, done) => {
      if (message.type === "opened") acknowledged.judge(accident, message);
      if (message.type !== "ack") return;
      acknowledged.take(message);
      heard++;
      if (message.durability === "disk") disks++;
      if (heard >= acks || disks >= afterDisk) done();
    },
    disk,
  );
}

/** Opens the logs once more, and judges what is in them. */
async function look(server, browser, profile, stores, acknowledged, accident) {
  const closed = new Set();
  const parameters = { stores: stores.join(), mode: "read" };
  await session(server, browser, profile, parameters, (message, done) => {
    if (message.type === "opened") acknowledged.judge(accident, message);
    if (message.type === "closed") closed.add(message.store);
    if (closed.size === stores.length) done();
  });
}

async function session(server, browser, profile, parameters, heard, disk) {
  let started;
  let run;
  let timer;
  try {
    await new Promise((resolve, reject) => {
      const late = () => reject(new Error(`${browser} said nothing for ${openMsMax} ms`));
      timer = setTimeout(late, openMsMax);
      run = server.listen("appender", parameters, (message) => {
        clearTimeout(timer);
        timer = setTimeout(late, openMsMax);
        try {
          if (message.type === "error") throw new Error(message.message);
          heard(message, resolve);
        } catch (error) {
          reject(error);
        }
      });
      launchers[browser](profile, run.url).then((each) => (started = each), reject);
    });
    await disk?.cutPower();
  } finally {
    clearTimeout(timer);
    await started?.kill();
    run?.stop();
  }
}

function sum({ counts }) {
  return `${counts.disk} acks of disk, ${counts.os} of os`;
}
