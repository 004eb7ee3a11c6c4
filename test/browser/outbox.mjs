/**
 * Five tabs push into one outbox while they are killed, frozen and cut off from the network, and while the receiver, a
 * real process, is restarted and killed. In the end its log has to hold each record once, in the order of its key.
 */
import { startChromium } from "./driver/browsers.mjs";
import { inReceiver } from "./driver/receiver.mjs";
import { OutboxTab } from "./outbox-tab.mjs";
import { withProfile } from "./session.mjs";

const tabsMax = 5;
const records = 10_000;
/** How many a tab pushes at once. */
const burst = 25;
const patienceMs = 60_000;

export async function checkOutbox(server, tally) {
  await tally.check(
    `Chromium: ${tabsMax} tabs push ${records} records; tabs, network and server come and go`,
    () => inReceiver((receiver) => withProfile((profile) => new Scene(server, profile, receiver).play())),
  );
}

class Scene {
  #server;
  #profile;
  #receiver;
  #browser;
  #tabs = new Set();
  /** What was pushed, and what of it was acknowledged. */
  #pushed = new Set();
  #acknowledged = new Set();
  #names = 0;
  #isOffline = false;
  #counts = { crashed: 0, closed: 0, frozen: 0, cuts: 0, "server ended": 0, "server killed": 0 };

  constructor(server, profile, receiver) {
    this.#server = server;
    this.#profile = profile;
    this.#receiver = receiver;
  }

  async play() {
    try {
      await this.#receiver.start();
      await this.#begin();
      await this.#adoption();
      await this.#replacement();
      await this.#pushUntil(records * 0.6);
      // The last tab goes, and with it the whole browser, while nothing can be delivered.
      await this.#network(false);
      await this.#push([...this.#tabs][0], 200);
      await this.#end();
      await this.#begin();
      await this.#pushUntil(records);
      await this.#network(true);
      await this.#thaw();
      await this.#until("nothing is pending", async () => {
        const states = await this.#states();
        return states.every(({ pending }) => pending === 0);
      });
      await this.#lastTab();
      return await this.#judge();
    } finally {
      await this.#browser?.kill();
    }
  }

  async #begin() {
    this.#isOffline = false;
    this.#browser = await startChromium(this.#profile, "about:blank");
    for (let count = 0; count < tabsMax; count++) await this.#open();
  }

  async #end() {
    await this.#browser.kill();
    this.#tabs.clear();
  }

  async #open() {
    const { url, stop } = this.#server.listen("outbox", { url: this.#receiver.url }, () => undefined);
    stop();
    const devtools = await this.#browser.devtools.openTab(url);
    const tab = new OutboxTab(`t${this.#names++}`, devtools, (value) => this.#acknowledged.add(value));
    await tab.ready();
    if (this.#isOffline) await tab.network(false);
    this.#tabs.add(tab);
    return tab;
  }

  /** A tab that is killed leaves its partition, which exactly one other tab takes over. */
  async #adoption() {
    await this.#network(false);
    const victim = [...this.#tabs].at(2);
    await this.#push(victim, 300);
    const { partition, pending } = await victim.state();
    if (pending !== 300) throw new Error(`${pending} of 300 records are pending without a network`);
    await this.#kill(victim, "crashed");
    await this.#until(`partition ${partition} is adopted`, async () => {
      const states = await this.#states();
      const own = states.map((state) => state.partition);
      const adopted = states.flatMap((state) => state.adopted);
      const all = [...own, ...adopted.map((each) => each.partition)];
      if (new Set(all).size < all.length) throw new Error(`partitions ${all} are open in two tabs`);
      return adopted.some((each) => each.partition === partition && each.pending === 300);
    });
    await this.#network(true);
    await this.#open();
  }

  /** A tab that has adopted another one's records is frozen: its own and the adopted ones are delivered without it. */
  async #replacement() {
    await this.#network(false);
    const victim = [...this.#tabs].at(1);
    await this.#push(victim, 100);
    await this.#kill(victim, "crashed");
    let leader;
    await this.#until("the records are adopted", async () => {
      for (const tab of this.#tabs) if ((await tab.state()).adopted.length > 0) leader = tab;
      return leader !== undefined;
    });
    await this.#push(leader, 100);
    this.#counts.frozen += 1;
    await leader.freeze();
    await this.#network(
      true,
      [...this.#tabs].filter((tab) => tab !== leader),
    );
    await this.#until("everything is delivered beside a frozen tab", async () => {
      const states = await this.#states();
      if (states.some(({ pending }) => pending > 0)) return false;
      const received = new Set(await this.#receiver.received());
      await this.#receiver.start();
      return [...this.#acknowledged].every((value) => received.has(value));
    });
    await this.#network(true);
    await this.#thaw();
    await this.#until("the frozen tab is back", async () => (await leader.state()).state === "idle");
    await this.#push(leader, 10);
    await this.#open();
  }

  /** Until so many are acknowledged, with all that happens meanwhile. */
  async #pushUntil(count) {
    let isDone = false;
    const pushing = new Map();
    const keepPushing = async (tab) => {
      while (!isDone && tab.isThere) {
        await this.#push(tab, Math.ceil(Math.random() * burst));
        await sleep(50);
      }
    };
    const happenings = [
      () => this.#replace("crashed"),
      () => this.#replace("closed"),
      () => this.#freeze(),
      () => this.#cut(),
      () => this.#cut(),
      () => this.#restart("SIGTERM"),
      () => this.#restart("SIGKILL"),
    ];
    let failure;
    let left = [];
    while (this.#acknowledged.size < count || left.length > 0) {
      // Everything happens once before anything happens again.
      if (left.length === 0) left = shuffled(happenings);
      for (const tab of this.#tabs) {
        if (!pushing.has(tab))
          pushing.set(
            tab,
            keepPushing(tab).catch((error) => (failure ??= error)),
          );
      }
      if (failure !== undefined) throw failure;
      await left.pop()();
      await sleep(Math.random() * 300);
    }
    isDone = true;
    await this.#thaw();
    await Promise.all(pushing.values());
  }

  async #push(tab, count) {
    const values = Array.from({ length: count }, () => {
      const number = this.#pushed.size;
      const value = `${tab.name} k${number % 7} ${number}`;
      this.#pushed.add(value);
      return value;
    });
    try {
      await tab.push(values);
    } catch (error) {
      if (tab.isThere) throw error;
    }
  }

  async #replace(how) {
    const awake = [...this.#tabs].filter((tab) => tab.isAwake);
    await this.#kill(awake[Math.floor(Math.random() * awake.length)], how);
    await this.#open();
  }

  async #kill(tab, how) {
    this.#counts[how] += 1;
    this.#tabs.delete(tab);
    await tab.kill(how);
  }

  async #freeze() {
    await this.#thaw();
    this.#counts.frozen += 1;
    await [...this.#tabs][0].freeze();
  }

  async #thaw() {
    for (const tab of this.#tabs) await tab.thaw();
  }

  async #cut() {
    this.#counts.cuts += 1;
    await this.#network(false);
    await sleep(Math.random() * 1000);
    await this.#network(true);
  }

  async #network(isOn, tabs = [...this.#tabs]) {
    this.#isOffline = !isOn;
    await Promise.all(tabs.map((tab) => tab.network(isOn)));
  }

  async #restart(signal) {
    this.#counts[signal === "SIGKILL" ? "server killed" : "server ended"] += 1;
    await this.#receiver.end(signal);
    await sleep(Math.random() * 300);
    await this.#receiver.start();
  }

  /** One tab that comes later finds nothing left anywhere. */
  async #lastTab() {
    for (const tab of this.#tabs) await tab.kill("closed");
    this.#tabs.clear();
    const tab = await this.#open();
    await this.#until("the last tab has nothing", async () => {
      const { pending, adopted, dead } = await tab.state();
      if (dead > 0) throw new Error(`${dead} records were given up`);
      return pending === 0 && adopted.length === 0;
    });
  }

  async #states() {
    return Promise.all([...this.#tabs].filter((tab) => tab.isAwake).map((tab) => tab.state()));
  }

  async #until(what, isSo) {
    const end = performance.now() + patienceMs;
    while (!(await isSo())) {
      if (performance.now() > end) {
        throw new Error(`it never came to pass that ${what}: ${JSON.stringify(await this.#states())}`);
      }
      await sleep(100);
    }
  }

  async #judge() {
    const found = await this.#receiver.received();
    const once = new Set(found);
    if (once.size < found.length) throw new Error(`${found.length - once.size} records were received twice`);
    const lost = [...this.#acknowledged].filter((value) => !once.has(value));
    if (lost.length > 0) throw new Error(`${lost.length} records were lost, the first is ${lost[0]}`);
    const strange = found.filter((value) => !this.#pushed.has(value));
    if (strange.length > 0) throw new Error(`${strange[0]} was never pushed`);
    judgeOrder(found);
    const happened = Object.entries(this.#counts).map(([what, count]) => `${count} ${what}`);
    return `${this.#acknowledged.size} acks, ${found.length} received; ${happened.join(", ")}`;
  }
}

/** Every tab counts upwards, so behind each record of a key come only those with higher numbers. */
function judgeOrder(values) {
  const last = new Map();
  for (const value of values) {
    const [tab, key, number] = value.split(" ");
    const line = `${tab} ${key}`;
    if (Number(number) < last.get(line)) throw new Error(`${value} came behind ${last.get(line)}`);
    last.set(line, Number(number));
  }
}

function shuffled(items) {
  return items
    .map((item) => [Math.random(), item])
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item);
}

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
