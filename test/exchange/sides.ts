/** The two ends of an exchange, each on a machine that crashes: an outbox here, a receiver there. */
import { type Log, openLog, type Storage } from "../../src/index.ts";
import { fetchDelivery, openOutbox, type Order, type Outbox } from "../../src/outbox/index.ts";
import { createReceiver } from "../../src/receiver/index.ts";
import { Random } from "../sim/random.ts";
import { keeping, survivals } from "../sim/survival.ts";
import { type Manner, World } from "../sim/world.ts";
import { Mortal } from "../support/mortal-storage.ts";
import type { Answer, Network } from "./network.ts";
import type { Time } from "./time.ts";

/** How a machine ends. A zombie goes on, on a disk of its own, while somebody else has taken over. */
export type Ending = "power" | "process" | "zombie";

/** A machine that is started again and again on what is left of its disk. */
export class Machine {
  readonly time: Time;
  readonly random: Random;
  readonly #manner: Manner;
  world: World;
  crashes = 0;
  failures = 0;
  /** How likely it is that an operation is the last one, and that a flush or write fails. */
  crashChance = 0;
  faultChance = 0;
  /** Called when an operation turned out to be the last one. */
  onCrash: () => void = () => undefined;

  constructor(time: Time, random: Random) {
    this.time = time;
    this.random = random;
    this.#manner = {
      colour: random.pick(["sync", "async"] as const),
      flushesAtOnce: random.integer(1, 3),
      sectorBytes: random.pick([16, 64, 512]),
      turnsMax: 0,
    };
    this.world = this.#start(undefined);
  }

  get storage(): Storage {
    const { time } = this;
    return {
      ...this.world.storage,
      now: () => Math.floor(time.now),
      elapsed: () => time.now,
      sleep: (ms) => time.sleep(ms),
    };
  }

  /** Ends it, and begins the next one on what is left. */
  end(ending: Ending): void {
    const { world, random } = this;
    const survival = random.pick(survivals);
    const keeps = keeping(world.disk, survival, random.seed());
    this.crashes++;
    this.world = this.#start(ending === "power" ? world.disk.losePower(keeps) : world.disk.loseProcesses());
    if (ending === "zombie") return;
    world.die();
  }

  #start(disk: World["disk"] | undefined): World {
    const { time, random } = this;
    const world: World = new World(this.#manner, disk, random.seed());
    // Its operations take time, so that it ends in the middle of them.
    world.disk.pass = () => time.sleep(random.integer(0, 3));
    world.hook = ({ op }) => {
      if (world !== this.world) return;
      if (random.chance(this.crashChance)) {
        this.onCrash();
        throw new Error("the machine has crashed");
      }
      if ((op === "flush" || op === "write") && random.chance(this.faultChance)) {
        this.failures++;
        throw new Error("EIO");
      }
    };
    return world;
  }
}

export class Server {
  readonly machine: Machine;
  /** Everything that was ever durable in the log, by offset. */
  readonly seen = new Map<number, string>();
  log: Log | undefined;
  #receive: ((body: string) => Promise<Answer>) | undefined;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  get isUp(): boolean {
    return this.#receive !== undefined;
  }

  async start(): Promise<void> {
    const { world } = this.machine;
    const log = await openLog({
      storage: this.machine.storage,
      topic: "events",
      segment: { maxBytes: 4096 },
    });
    if (world !== this.machine.world) return;
    const receive = createReceiver({ log });
    this.log = log;
    this.#receive = async (body) => {
      const answer = await receive(requestOf(body) as never);
      // Who has crashed meanwhile answers nothing.
      if (world !== this.machine.world) throw new TypeError("connection reset");
      return answer;
    };
  }

  end(ending: Ending): void {
    this.#receive = undefined;
    this.log = undefined;
    this.machine.end(ending);
  }

  /** Nothing while it is down. */
  take(body: string): Promise<Answer> | undefined {
    return this.#receive?.(body);
  }

  /** Notes what there is, as a consumer would, and truncates some of it away. */
  async consume(truncate: boolean): Promise<void> {
    const { log } = this;
    if (log === undefined) return;
    let next = log.first;
    for await (const { offset, value } of log.read({ to: log.durable })) {
      const text = new TextDecoder().decode(value);
      const before = this.seen.get(offset);
      if (before !== undefined && before !== text) {
        throw new Error(`offset ${offset} of the receiver was ${before} and is ${text}`);
      }
      this.seen.set(offset, text);
      next = offset + 1;
    }
    if (truncate) await log.truncateBefore(next);
  }
}

export interface ClientOptions {
  /** How many tabs there may be, with a partition each, that adopt each other's. 0 stands for one that does not. */
  readonly tabsMax: number;
  readonly order: Order;
  readonly parallel: number;
  readonly batchRecordsMax: number;
}

export class Client {
  readonly machine: Machine;
  readonly #network: Network;
  readonly #options: ClientOptions;
  /** Those that are open. None while it is down. */
  outboxes: Outbox[] = [];
  adoptions = 0;
  reopenings = 0;
  /** How likely it is that an operation is the last one of a tab's storage. */
  deathChance = 0;
  /** What each of them has its storage from, and what all have that were begun. */
  #mortals = new Map<Outbox, Mortal>();
  #begun: Mortal[] = [];

  constructor(machine: Machine, network: Network, options: ClientOptions) {
    this.machine = machine;
    this.#network = network;
    this.#options = options;
  }

  get pending(): number | undefined {
    return this.outboxes.length === 0
      ? undefined
      : this.outboxes.reduce((sum, { pending }) => sum + pending, 0);
  }

  async start(): Promise<void> {
    const { world, random } = this.machine;
    const { tabsMax } = this.#options;
    const outboxes: Outbox[] = [];
    const count = tabsMax === 0 ? 1 : random.integer(1, tabsMax);
    for (let tab = 0; tab < count; tab++) outboxes.push(await this.#open());
    if (world === this.machine.world) this.outboxes = outboxes;
  }

  /** One tab is closed. What it had pending is for the others. */
  closeOne(): void {
    if (this.outboxes.length < 2) return;
    const [outbox] = this.outboxes.splice(this.machine.random.integer(0, this.outboxes.length - 1), 1);
    // Its disk may fail.
    void outbox!.close().catch(() => undefined);
  }

  /** The worker of one tab dies, with everything that this tab has open in it. */
  loseStorage(): void {
    if (this.outboxes.length > 0) this.#mortals.get(this.machine.random.pick(this.outboxes))!.die();
  }

  async #open(): Promise<Outbox> {
    const { machine } = this;
    const { world, time, random } = machine;
    const { order, parallel, batchRecordsMax, tabsMax } = this.#options;
    const isAlive = (): boolean => !world.isDead;
    const mortal = new Mortal();
    this.#begun.push(mortal);
    mortal.isLast = () => this.deathChance > 0 && isAlive() && random.chance(this.deathChance);
    const outbox = await openOutbox({
      storage: mortal.storage(machine.storage),
      name: "events",
      partition: tabsMax === 0 ? 0 : "free",
      adoptEveryMs: 300,
      order,
      parallel,
      batch: { maxRecords: batchRecordsMax },
      segmentBytes: 2048,
      timeoutMs: 400,
      backoff: { baseMs: 20, maxMs: 500 },
      hints: () => () => undefined,
      clockwork: {
        after: (ms, callback) => time.after(ms, () => void (isAlive() && callback())),
        random: () => random.next(),
        newId: () => `outbox-${random.seed()}`,
      },
      deliver: fetchDelivery({
        url: "http://server/",
        fetch: async (_, { body }) => (isAlive() ? this.#network.send(body) : new Promise(() => undefined)),
      }),
    });
    this.#mortals.set(outbox, mortal);
    let counted = 0;
    let isOpen = true;
    const known = new Set<Outbox>();
    outbox.events.addEventListener("change", () => {
      for (const each of outbox.adopted) known.add(each);
      this.adoptions += known.size - counted;
      counted = known.size;
      const { state } = outbox.status;
      if (isOpen && state === "reopening") this.reopenings++;
      isOpen = state !== "reopening";
    });
    return outbox;
  }

  end(ending: Ending): void {
    this.outboxes = [];
    // A zombie opens nothing any more: all locks are its successor's.
    for (const mortal of this.#begun.splice(0)) mortal.refusal = "somebody else has the lock";
    this.#mortals.clear();
    this.machine.end(ending);
  }
}

/** The part of a request that a receiver looks at, without the streams of the runtime, which take their own time. */
function requestOf(text: string): object {
  const chunks = [new TextEncoder().encode(text)];
  const reader = {
    read: async () => ({ done: chunks.length === 0, value: chunks.shift() }),
    cancel: async () => undefined,
  };
  return { method: "POST", headers: { get: () => null }, body: { getReader: () => reader } };
}
