/** Several tabs of one origin write at once, and are closed, frozen and crashed while they do. */
import { session, withProfile } from "./session.mjs";

const count = 5;

export async function checkTabs(server, tally) {
  await tally.check(
    `Chromium: ${count} tabs write; one is closed, one frozen, one crashes; all are drained`,
    () => withProfile((profile) => writeAndDrain(server, profile)),
  );
}

async function writeAndDrain(server, profile) {
  const life = { server, browser: "Chromium", profile, page: "tab" };
  const scene = new Scene();
  let devtools;
  let address;
  await session({
    ...life,
    parameters: { tab: "0", mode: "write" },
    begun: async (browser, url) => {
      devtools = browser.devtools;
      address = url;
      scene.tabs.set("0", await devtools.tab("/page/tab"));
    },
    heard: (message, done) => {
      scene.take(message);
      play().then(
        (isOver) => isOver && done(),
        (error) => (scene.error = error),
      );
      if (scene.error !== undefined) throw scene.error;
    },
  });

  /** What happens next, once enough was acknowledged. */
  async function play() {
    if (scene.isBusy || devtools === undefined) return false;
    scene.isBusy = true;
    try {
      return await scene.next({
        open: (tab) => devtools.openTab(address.replace("tab=0", `tab=${tab}`)),
      });
    } finally {
      scene.isBusy = false;
    }
  }

  let drained;
  await session({
    ...life,
    parameters: { mode: "drain" },
    heard: (message, done) => {
      if (message.type === "drained") drained = message;
      if (message.type === "end") done();
    },
  });
  return scene.judge(drained);
}

class Scene {
  tabs = new Map();
  /** By tab. */
  #partitions = new Map();
  #acks = new Map();
  #counts = new Map();
  #frozenAt;
  #step = 0;
  isBusy = false;
  error;

  take({ type, tab, partition, offset, value, storage }) {
    if (type === "partition") {
      this.#partitions.set(tab, partition);
      this.storage = storage;
    }
    if (type !== "ack") return;
    const key = `${partition}/${offset}`;
    if (this.#acks.has(key)) throw new Error(`${key} was acknowledged to two tabs`);
    this.#acks.set(key, value);
    this.#counts.set(tab, (this.#counts.get(tab) ?? 0) + 1);
  }

  async next({ open }) {
    const isDone = [
      async () => {
        for (let tab = 1; tab < count; tab++) this.tabs.set(String(tab), await open(tab));
        return true;
      },
      async () => {
        if (!this.#haveAll([0, 1, 2, 3, 4], 10)) return false;
        const taken = new Set(this.#partitions.values());
        if (taken.size !== count) throw new Error(`partitions ${[...taken]} were taken by ${count} tabs`);
        await this.tabs.get("1").close();
        await this.tabs.get("2").send("Page.setWebLifecycleState", { state: "frozen" });
        this.tabs
          .get("3")
          .send("Page.crash")
          .catch(() => undefined);
        this.#frozenAt = this.#counts.get("2");
        return true;
      },
      async () => {
        // The locks of a crashed tab are free as soon as its process is gone.
        await new Promise((wake) => setTimeout(wake, 500));
        for (const tab of [5, 6, 7]) this.tabs.set(String(tab), await open(tab));
        return true;
      },
      async () => {
        if (!this.#haveAll([0, 4, 5, 6, 7], 30)) return false;
        const thawed = this.#counts.get("2") - this.#frozenAt;
        if (thawed > 20) throw new Error(`the frozen tab went on to acknowledge ${thawed} records`);
        const frozen = this.#partitions.get("2");
        for (const tab of ["5", "6", "7"]) {
          if (this.#partitions.get(tab) === frozen)
            throw new Error(`tab ${tab} took the frozen tab's partition`);
        }
        const free = [this.#partitions.get("1"), this.#partitions.get("3")];
        const taken = ["5", "6", "7"].map((tab) => this.#partitions.get(tab));
        if (!free.every((each) => taken.includes(each))) {
          throw new Error(`partitions ${free} were free, and new tabs took ${taken}`);
        }
        return true;
      },
    ];
    if (this.#step < isDone.length && (await isDone[this.#step]())) this.#step++;
    return this.#step === isDone.length;
  }

  judge({ partitions, records, isInOrder }) {
    const found = new Map(records.map(({ partition, offset, value }) => [`${partition}/${offset}`, value]));
    for (const [key, value] of this.#acks) {
      if (found.get(key) !== value)
        throw new Error(`${key} is ${found.get(key)}, and ${value} was acknowledged`);
    }
    const all = new Set(this.#partitions.values());
    if (partitions.length !== all.size) throw new Error(`listed are ${partitions}, used were ${[...all]}`);
    if (!isInOrder) throw new Error("the records were not drained in the order of their timestamps");
    return `${this.#acks.size} acks in ${all.size} partitions on ${this.storage}`;
  }

  #haveAll(tabs, wanted) {
    return tabs.every((tab) => (this.#counts.get(String(tab)) ?? 0) >= wanted);
  }
}
