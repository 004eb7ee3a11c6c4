/**
 * One random life of an outbox and a receiver, from a seed: pushes, crashes of both sides, a bad network, and in
 * the end calm, in which everything has to arrive. There may be several tabs, of which each pushes. The model is the list of what was pushed: each record that
 * was acknowledged is in the receiver's log once, each other one at most once, and nothing overtakes its key.
 */
import type { Outbox } from "../../src/outbox/index.ts";
import { Random } from "../sim/random.ts";
import { calm, Network, type Weather } from "./network.ts";
import { Client, type Ending, Machine, Server } from "./sides.ts";
import { Time } from "./time.ts";

interface Push {
  readonly key: string;
  readonly value: string;
  /** Of the outbox. Order is kept within it. */
  partition: number;
  isAcknowledged: boolean;
}

const endings: readonly Ending[] = ["power", "process", "zombie"];
const eventsMax = 60_000;

export class Run {
  readonly #time = new Time();
  readonly #random: Random;
  readonly #network: Network;
  readonly #server: Server;
  readonly #client: Client;
  readonly #order: "key" | "strict" | "none";
  readonly #pushes: Push[] = [];
  #isStormy = true;
  /** What went wrong where nobody waits for it. */
  readonly #errors: unknown[] = [];

  constructor(seed: number) {
    const random = (this.#random = new Random(seed));
    this.#order = random.pick(["key", "key", "strict", "none"] as const);
    this.#server = new Server(new Machine(this.#time, new Random(random.seed())));
    const answer = (body: string) => this.#server.take(body);
    this.#network = new Network(this.#time, new Random(random.seed()), weatherOf(random), answer);
    this.#client = new Client(new Machine(this.#time, new Random(random.seed())), this.#network, {
      order: this.#order,
      tabsMax: random.pick([0, 0, 3]),
      parallel: random.integer(1, 4),
      batchRecordsMax: random.integer(1, 12),
    });
  }

  get tally(): Readonly<Record<string, number>> {
    const crashes = this.#client.machine.crashes + this.#server.machine.crashes;
    const failures = this.#client.machine.failures + this.#server.machine.failures;
    const { adoptions, reopenings } = this.#client;
    return { pushes: this.#pushes.length, crashes, failures, adoptions, reopenings, ...this.#network.counts };
  }

  async all(): Promise<void> {
    const random = this.#random;
    const pushes = random.integer(20, 80);
    for (const side of [this.#client, this.#server]) {
      side.machine.crashChance = random.pick([0, 0.001, 0.005]);
      side.machine.faultChance = random.pick([0, 0.02, 0.1]);
      side.machine.onCrash = () => this.#crash(side, random.pick(endings));
    }
    this.#client.deathChance = random.pick([0, 0, 0.003]);
    await this.#started(this.#server);
    await this.#started(this.#client);
    void this.#pushAll(pushes, random.integer(1, 6)).then(() => (this.#isStormy = false));
    this.#plan(() => this.#crash(this.#client, random.pick(endings)), random.integer(0, 4));
    this.#plan(() => this.#crash(this.#server, random.pick(endings)), random.integer(0, 4));
    this.#plan(() => this.#client.closeOne(), random.integer(0, 4));
    this.#plan(() => this.#client.loseStorage(), random.pick([0, 0, 4]));
    this.#plan(() => this.#consume(random.chance(0.5)), random.integer(0, 5));
    await this.#until(() => !this.#isStormy, "everything was pushed");
    await this.#settle();
    this.#judge();
  }

  /** No more crashes: what is pending arrives, and behind it whatever is still on its way. */
  async #settle(): Promise<void> {
    for (const side of [this.#client, this.#server]) {
      side.machine.crashChance = 0;
      side.machine.faultChance = 0;
    }
    this.#client.deathChance = 0;
    this.#network.weather = calm;
    await this.#until(() => this.#client.pending === 0, "nothing was pending");
    await this.#until(() => this.#network.underWay === 0, "nothing was on its way");
    // The outbox remembers as well that it has nothing left.
    this.#crash(this.#client, "power");
    await this.#drained();
    await this.#until(() => this.#network.underWay === 0, "nothing was on its way again");
    await this.#until(() => this.#server.isUp, "the server was up");
    let isConsumed = false;
    void Promise.all([this.#server.consume(false), this.#assertNoLetters()]).then(
      () => (isConsumed = true),
      (error: unknown) => this.#errors.push(error),
    );
    await this.#until(() => isConsumed, "the log was read");
  }

  /** Of all that are open, and of all orphans, which they adopt. */
  async #drained(): Promise<void> {
    await this.#until(() => this.#client.outboxes.length > 0, "the outbox was open again");
    let isDrained = false;
    void Promise.all(this.#client.outboxes.map((outbox) => outbox.drained())).then(
      () => (isDrained = true),
      (error: unknown) => this.#errors.push(error),
    );
    await this.#until(() => isDrained, "nothing was pending again");
  }

  async #assertNoLetters(): Promise<void> {
    for (const outbox of this.#client.outboxes) {
      for await (const { id, reason } of outbox.dead.list()) {
        throw new Error(`${id} was given up: ${reason}`);
      }
    }
  }

  #judge(): void {
    const received = [...this.#server.seen].toSorted(([a], [b]) => a - b).map(([, value]) => value);
    const counts = new Map<string, number>();
    for (const value of received) counts.set(value, (counts.get(value) ?? 0) + 1);
    for (const { value, isAcknowledged } of this.#pushes) {
      const count = counts.get(value) ?? 0;
      if (count > 1) throw new Error(`${value} was received ${count} times`);
      if (count < 1 && isAcknowledged) throw new Error(`${value} was lost`);
      counts.delete(value);
    }
    if (counts.size > 0) throw new Error(`${[...counts.keys()].join()} was never pushed`);
    this.#judgeOrder(new Map(received.map((value, index) => [value, index])));
  }

  #judgeOrder(places: ReadonlyMap<string, number>): void {
    const last = new Map<string, Push>();
    if (this.#order === "none") return;
    for (const push of this.#pushes) {
      const place = places.get(push.value);
      if (place === undefined) continue;
      const line = `${push.partition} ${this.#order === "strict" ? "" : push.key}`;
      const before = last.get(line);
      if (before !== undefined && places.get(before.value)! > place) {
        throw new Error(`${push.value} was received before ${before.value}`);
      }
      last.set(line, push);
    }
  }

  async #pushAll(count: number, keys: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      if (this.#random.chance(0.4)) await this.#time.sleep(this.#random.integer(0, 100));
      while (this.#client.outboxes.length === 0) await this.#time.sleep(10);
      const key = `k${this.#random.integer(1, keys)}`;
      const outbox = this.#random.pick(this.#client.outboxes);
      const push = {
        key,
        // It may become another one, and may never be known: then nothing is known of the order.
        partition: outbox.status.state === "reopening" ? -1 - index : outbox.partition,
        value: `${index} ${key} ${"x".repeat(this.#random.integer(0, 60))}`,
        isAcknowledged: false,
      };
      this.#pushes.push(push);
      const acknowledged = this.#push(outbox, push);
      const patience = this.#time.sleep(this.#random.integer(0, 200));
      if (this.#random.chance(0.3)) await Promise.race([acknowledged, patience]);
    }
    await this.#time.sleep(1000);
  }

  async #push(outbox: Outbox, push: Push): Promise<void> {
    const { world } = this.#client.machine;
    try {
      await outbox.push({ key: push.key, value: push.value });
      push.partition = outbox.partition;
      // Who has crashed meanwhile was promised nothing.
      push.isAcknowledged = world === this.#client.machine.world;
    } catch {
      // It may have been stored all the same.
    }
  }

  #plan(event: () => void, count: number): void {
    for (let each = 0; each < count; each++) {
      this.#time.after(this.#random.integer(0, 3000), () => void (this.#isStormy && event()));
    }
  }

  #crash(side: Client | Server, ending: Ending): void {
    // A receiver that has lost its log to somebody else can write no more: it has no zombies.
    side.end(side instanceof Server && ending === "zombie" ? "process" : ending);
    this.#time.after(this.#random.integer(0, 300), () => void this.#start(side));
  }

  /** Tries until it stands, as whoever watches over a process does. */
  async #start(side: Client | Server): Promise<void> {
    const { world } = side.machine;
    try {
      await side.start();
    } catch (error) {
      if (world !== side.machine.world) return;
      if ((error as { code?: string }).code === "CORRUPT") this.#errors.push(error);
      this.#crash(side, "process");
    }
  }

  async #started(side: Client | Server): Promise<void> {
    void this.#start(side);
    await this.#until(
      () => (side instanceof Server ? side.isUp : side.outboxes.length > 0),
      "it had started",
    );
  }

  #consume(truncate: boolean): void {
    const { log } = this.#server;
    this.#server.consume(truncate).catch((error: unknown) => {
      // The log of a machine that has crashed, or whose disk fails, may say anything.
      if (log === this.#server.log && !(error as { code?: string }).code) this.#errors.push(error);
    });
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const isDone = await this.#time.run(() => done() || this.#errors.length > 0, eventsMax);
    if (this.#errors.length > 0) throw this.#errors[0];
    if (!isDone) throw new Error(`it never came to pass that ${what}`);
  }
}

function weatherOf(random: Random): Weather {
  const often = random.pick([0, 0.05, 0.2]);
  return {
    dropped: often,
    repeated: random.pick([0, 0.1, 0.3]),
    unanswered: random.pick([0, 0.1, 0.3]),
    cut: often,
    delayMsMax: random.pick([0, 20, 100]),
    hanging: random.pick([0, 0.05]),
  };
}
