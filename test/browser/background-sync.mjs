/**
 * A service worker drains the outbox when the last tab is gone, where there is Background Sync; where there is
 * none, the next tab does. The receiver is a real process, which is away at first.
 */
import { startChromium } from "./driver/browsers.mjs";
import { inReceiver } from "./driver/receiver.mjs";
import { session, withProfile } from "./session.mjs";

const count = 50;

export async function checkBackgroundSync(server, tally) {
  await tally.check(
    "Chromium: a service worker delivers what the last tab left, when the browser syncs",
    () => inReceiver((receiver) => withProfile((profile) => drainedByWorker(server, profile, receiver))),
  );
  await tally.check("Chromium: a service worker says plainly that it cannot read an outbox in OPFS", () =>
    inReceiver((receiver) => withProfile((profile) => refusedByWorker(server, profile, receiver))),
  );
  await tally.check("Firefox: without Background Sync, the next tab delivers what the last one left", () =>
    inReceiver((receiver) => withProfile((profile) => drainedByTab(server, profile, receiver))),
  );
}

async function drainedByWorker(server, profile, receiver) {
  const scene = new Scene(server, { url: receiver.url, store: "indexeddb" });
  const browser = await startChromium(profile, "about:blank");
  try {
    const tab = await scene.open(browser, { push: count });
    const { isAsked } = await scene.heard("pushed");
    if (!isAsked) throw new Error("Background Sync could not be asked for");
    // Something must be left of the origin for the protocol to hold on to: a tab without an outbox.
    const other = await scene.open(browser, {});
    await scene.heard("ready");
    const sync = await syncer(other, server.origin);
    await sync();
    const { message } = await scene.heard("refused");
    if (!/1 tabs deliver/.test(message)) throw new Error(`with the tab open: ${message}`);
    await tab.close();
    // Its lock is free a moment later.
    await scene.heardAfter("refused", ({ message: text }) => /records are pending/.test(text), sync);
    await receiver.start();
    await sync();
    await scene.heard("synced");
  } finally {
    await browser.kill();
    scene.stop();
  }
  return judge(await receiver.received());
}

async function refusedByWorker(server, profile, receiver) {
  const scene = new Scene(server, { url: receiver.url, store: "opfs" });
  const browser = await startChromium(profile, "about:blank");
  try {
    const tab = await scene.open(browser, { push: 1 });
    await scene.heard("pushed");
    await tab.close();
    const other = await scene.open(browser, {});
    await scene.heard("ready");
    await (
      await syncer(other, server.origin)
    )();
    const { message } = await scene.heard("refused");
    if (!/UNAVAILABLE.*lies in the origin private file system/.test(message)) throw new Error(message);
  } finally {
    await browser.kill();
    scene.stop();
  }
}

async function drainedByTab(server, profile, receiver) {
  const life = { server, browser: "Firefox", profile, page: "sync" };
  const parameters = { url: receiver.url, store: "indexeddb" };
  await session({
    ...life,
    parameters: { ...parameters, push: count },
    heard: ({ type, isAsked, hasSync }, done) => {
      if (type !== "pushed") return;
      if (isAsked || hasSync) throw new Error("Firefox has come to have Background Sync: try it with it");
      done();
    },
  });
  await receiver.start();
  let before;
  await session({
    ...life,
    parameters: { ...parameters, push: 0, drain: "yes" },
    heard: (message, done) => {
      if (message.type === "pushed") ({ before } = message);
      if (message.type === "drained") done();
    },
  });
  if (before !== count) throw new Error(`${before} of ${count} records were pending in the next tab`);
  return judge(await receiver.received());
}

function judge(values) {
  const expected = Array.from({ length: count }, (_, index) => `record ${index}`);
  if (values.join() !== expected.join()) throw new Error(`received were ${values.join() || "none"}`);
  return `${values.length} records, each once and in order`;
}

/** Answers what lets the browser sync, as it does when it finds a network. */
async function syncer(tab, origin) {
  let registrationId;
  tab.listen((method, { registrations = [] }) => {
    if (method === "ServiceWorker.workerRegistrationUpdated")
      registrationId ??= registrations[0]?.registrationId;
  });
  await tab.send("ServiceWorker.enable");
  for (let tries = 0; registrationId === undefined && tries < 100; tries++) await sleep(50);
  return () =>
    tab.send("ServiceWorker.dispatchSyncEvent", { origin, registrationId, tag: "orders", lastChance: false });
}

/** Pages and workers of one run, and what they tell. */
class Scene {
  #run;
  #messages = [];

  constructor(server, parameters) {
    this.#run = server.listen("sync", parameters, (message) => this.#messages.push(message));
  }

  open(browser, parameters) {
    return browser.devtools.openTab(`${this.#run.url}&${new URLSearchParams(parameters)}`);
  }

  /** The next message of this type. Errors are thrown. */
  async heard(type) {
    for (let tries = 0; tries < 600; tries++) {
      const index = this.#messages.findIndex((message) => message.type === type || message.type === "error");
      const [message] = index < 0 ? [] : this.#messages.splice(index, 1);
      if (message?.type === "error") throw new Error(message.message);
      if (message !== undefined) return message;
      await sleep(50);
    }
    throw new Error(`${type} was never told, but ${JSON.stringify(this.#messages)}`);
  }

  /** Does `work` until what is heard of it is as it should be. */
  async heardAfter(type, isRight, work) {
    for (let tries = 0; ; tries++) {
      await work();
      const message = await this.heard(type);
      if (isRight(message)) return message;
      if (tries === 50) throw new Error(`it was always ${JSON.stringify(message)}`);
      await sleep(100);
    }
  }

  stop() {
    this.#run.stop();
  }
}

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
