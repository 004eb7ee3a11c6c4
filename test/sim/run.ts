/**
 * Carries out a plan: one machine after the other, each with what the crash of the one before has left, and
 * after everything that ends, a look at whether all is as it must be.
 */
import { type Storage, WalError } from "../../src/index.ts";
import { Faults } from "./faults.ts";
import { Life, type Surroundings } from "./life.ts";
import type { Circumstance } from "./judge.ts";
import { described, type Event, type Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { keeping, type Survival } from "./survival.ts";
import { type SimulatedCall, World } from "./world.ts";

/** How often the event loop may turn without any operation before what is under way counts as stuck. */
const idleTurnsMax = 60;

export interface Tally {
  operations: number;
  crashes: number;
  faults: number;
}

/** Somebody who looks at the machine before each operation. */
export type Onlooker = (call: SimulatedCall, run: Run) => void;

export class Run implements Surroundings {
  readonly plan: Plan;
  readonly lives: readonly Life[];
  readonly faults = new Faults();
  readonly tally: Tally = { operations: 0, crashes: 0, faults: 0 };
  /** The last operations, for those who want to know what led to a failure. */
  readonly recent: string[] = [];
  world: World;
  onlooker: Onlooker | undefined;
  #numbers = 0;
  #failure: { error: unknown } | undefined;
  /** Crashes to come, each so many operations behind the one before it. */
  readonly #crashes: { after: number; survival: Survival | "process"; seed: number }[] = [];
  /** The operation before which the first of them comes. */
  #crashAt = Infinity;
  #left: { disk: World["disk"]; circumstance: Circumstance } | undefined;
  #mayNotRead = false;
  /** How many faults there had been when all was in order last. */
  #metBefore = 0;
  #metAnswered = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.world = this.#start(new World(plan.manner, undefined, plan.seed));
    this.lives = plan.logs.map((log) => new Life(log, this));
  }

  get storage(): Storage {
    return this.world.storage;
  }

  get isDead(): boolean {
    return this.world.isDead;
  }

  get mayNotRead(): boolean {
    return this.#mayNotRead;
  }

  isPlanned(error: unknown): boolean {
    return this.faults.has(error);
  }

  number(): number {
    return this.#numbers++;
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Throws when something is as it must not be. */
  async all(): Promise<void> {
    try {
      for (const life of this.lives) await this.#open(life, "power lost");
      for (const event of this.plan.events) await this.step(event);
      await this.end();
    } finally {
      this.#count();
      for (const life of this.lives) life.abandon();
    }
  }

  async step(event: Event): Promise<void> {
    const life = "log" in event ? this.lives[event.log] : undefined;
    // Nothing can be asked of a log that is closed or gone, before the next look.
    if (life !== undefined && (life.log === undefined || life.closing !== "no" || this.world.isDead)) return;
    this.recent.push(`-- ${described(event, this.plan)}`);
    if (event.do === "settle") await this.settle();
    else if (event.do === "wait") for (let turn = 0; turn < event.turns; turn++) await undefined;
    else if (event.do === "fault") this.#plan(event);
    else if (event.do === "heal") this.faults.heal();
    else if (event.do === "crash") this.#arm(event);
    else ask(life!, event);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Lets everything end that is under way, and holds each log against its model; then the caller answers. */
  async settle(): Promise<void> {
    await this.#settleOnce();
    let hasAnswered = false;
    for (const life of this.lives) hasAnswered = life.answer(this.plan.answer) || hasAnswered;
    if (hasAnswered) await this.#settleOnce();
    if (this.faults.met === this.#metAnswered) return;
    this.#metAnswered = this.faults.met;
    const { sequel, seed } = this.plan;
    if (sequel === "open again") for (const life of this.lives) life.close();
    if (sequel === "lose power") this.#arm({ do: "crash", after: 0, survival: "sectors", seed });
    if (sequel !== "go on") await this.#settleOnce();
  }

  async #settleOnce(): Promise<void> {
    for (const life of this.lives) if (life.closing === "no" && !this.world.isDead) life.flush();
    await this.#quiet();
    if (this.#crashes.length > 0 && !this.world.isDead) this.#die();
    if (this.world.isDead) await this.#restart();
    else await this.#compare();
  }

  /** The log goes on after all, survives a loss of power, is closed, and is opened once more. */
  async end(): Promise<void> {
    await this.settle();
    this.faults.heal();
    this.#mayNotRead = false;
    // What was planned and has not come yet must not come behind the close.
    while (this.#crashes.length > 0) await this.settle();
    for (const life of this.lives) life.append();
    await this.settle();
    await this.step({ do: "crash", after: 0, survival: "sectors", seed: this.plan.seed });
    await this.settle();
    for (const life of this.lives) life.close();
    await this.settle();
    for (const { log } of this.lives) {
      const { verdict, unborn, superseded, truncated } = log!.recovery;
      const left = [...unborn, ...superseded, ...truncated];
      if (verdict !== "clean" || left.length > 0)
        throw new Error(`a closed log was found ${verdict}, with ${left}`);
    }
    if (this.plan.damage === "misdirected write") await this.#misdirect();
    for (const life of this.lives) life.close();
    await this.#quiet();
    if (this.plan.damage !== "none") await this.#survey();
  }

  /** The last record of each log goes astray on its way to the platter, and nobody notices. */
  async #misdirect(): Promise<void> {
    const random = new Random(this.plan.seed);
    for (const life of this.lives) {
      life.append();
      for (const file of this.world.disk.folder(life.path).names.values()) {
        file.misdirect(random.integer(0, Math.floor(file.size / this.plan.manner.sectorBytes)));
      }
    }
    await this.#settleOnce();
  }

  /** What is damaged now may be refused, but is never read as something else. */
  async #survey(): Promise<void> {
    const disk = this.world.disk.losePower(() => false);
    const random = new Random(this.plan.seed);
    for (const life of this.lives) {
      if (this.plan.damage !== "bit rot") continue;
      const file = random.pick([...disk.folder(life.path).names.values()]);
      file.rot(random.integer(0, file.size - 1), 1 << random.integer(0, 7));
    }
    this.world = this.#start(new World(this.plan.manner, disk, this.plan.seed));
    // A close that goes astray may take the record with it that only it vouches for.
    const lossMax = this.plan.damage === "bit rot" ? 0 : 1;
    for (const life of this.lives) await life.survey(lossMax);
  }

  #arm(event: Extract<Event, { do: "crash" }>): void {
    this.#crashes.push(event);
    if (this.#crashes.length === 1 && !this.world.isDead) this.#crashAt = this.world.operations + event.after;
  }

  #plan(event: Extract<Event, { do: "fault" }>): void {
    this.faults.add(event);
    if (["read", "open", "size", "list"].includes(event.op)) this.#mayNotRead = true;
  }

  #start(world: World): World {
    world.hook = (call) => this.#hear(world, call);
    return world;
  }

  #hear(world: World, call: SimulatedCall): ReturnType<NonNullable<World["hook"]>> {
    if (world !== this.world) return;
    this.recent.push(`${call.op} ${call.name}${call.position === undefined ? "" : ` at ${call.position}`}`);
    if (this.recent.length > 400) this.recent.splice(0, 200);
    this.onlooker?.(call, this);
    if (world.operations > this.#crashAt) {
      this.#die();
      throw new Error("the machine has crashed");
    }
    return this.faults.hear(call, world);
  }

  #die(): void {
    const { survival, seed } = this.#crashes.shift()!;
    const { disk } = this.world;
    this.#crashAt = Infinity;
    this.tally.crashes++;
    for (const life of this.lives) life.watch();
    this.#left =
      survival === "process"
        ? { disk: disk.loseProcesses(), circumstance: "process died" }
        : { disk: disk.losePower(keeping(disk, survival, seed)), circumstance: "power lost" };
    this.world.die();
  }

  /** Waits until nothing is under way any more. What never ends is a failure. */
  async #quiet(): Promise<void> {
    const all = Promise.all(this.lives.flatMap((life) => life.pending)).then(() => true);
    let { operations } = this.world;
    for (let turns = 0; turns < idleTurnsMax; turns++) {
      const isDone = await Promise.race([all, new Promise<false>((resolve) => setImmediate(resolve, false))]);
      if (this.#failure !== undefined) throw this.#failure.error;
      if (isDone) return;
      if (operations !== this.world.operations) turns = 0;
      ({ operations } = this.world);
    }
    throw new Error("something that was asked of the log never ends");
  }

  async #restart(): Promise<void> {
    this.#checkMisuses();
    let circumstance: Circumstance = "process died";
    // A machine may crash again while it starts.
    while (this.#left !== undefined) {
      const { disk } = this.#left;
      // What the power took is gone, though only the processes die next.
      if (this.#left.circumstance === "power lost") ({ circumstance } = this.#left);
      this.#left = undefined;
      this.#count();
      for (const life of this.lives) life.abandon();
      this.world = this.#start(new World(this.plan.manner, disk, this.plan.seed + this.tally.crashes));
      this.#crashAt = this.#crashes[0]?.after ?? Infinity;
      for (const life of this.lives) {
        await this.#open(life, circumstance);
        if (this.world.isDead) break;
      }
    }
  }

  async #compare(): Promise<void> {
    this.#checkMisuses();
    const isInTrouble = this.faults.isActive() || this.faults.met > this.#metBefore;
    for (const life of this.lives) {
      life.settled();
      if (life.closing === "no") await this.#undisturbed(() => life.compare());
      else await this.#reopen(life, isInTrouble);
    }
    this.#metBefore = this.faults.met;
    // What was planned for a while has come to its end.
    this.#mayNotRead = this.faults.isActive("read", "open", "size", "list");
  }

  /** What was rejected stays away for good if the log was closed without trouble. */
  async #reopen(life: Life, isInTrouble: boolean): Promise<void> {
    const circumstance = life.closing === "closed" && !isInTrouble ? "alive" : "process died";
    life.abandon();
    await this.#open(life, circumstance);
  }

  /** The first attempt may meet the faults that are left. It may be refused then, and changes nothing. */
  async #open(life: Life, circumstance: Circumstance): Promise<void> {
    const { met } = this.faults;
    this.#mayNotRead = this.faults.isActive();
    try {
      await life.open();
    } catch (error) {
      if (this.world.isDead) return;
      const isForeseen =
        error instanceof WalError && ["UNAVAILABLE", "READ_FAILED", "FULL"].includes(error.code);
      if (!isForeseen || this.faults.met === met) throw error;
      this.faults.heal();
      this.#mayNotRead = false;
      await life.open().catch((again: unknown) => {
        if (!this.world.isDead) throw again;
      });
    }
    this.faults.heal();
    if (!this.world.isDead) await this.#undisturbed(() => life.recovered(circumstance));
  }

  /** The judge's own reading is not disturbed by faults. */
  async #undisturbed(work: () => Promise<void>): Promise<void> {
    const { world } = this;
    const { hook } = world;
    world.hook = undefined;
    await work();
    world.hook = hook;
  }

  #checkMisuses(): void {
    const [misuse] = this.world.misuses;
    if (misuse !== undefined) throw new Error(`the seam was misused: ${misuse}`);
  }

  #count(): void {
    this.tally.operations += this.world.operations;
    this.tally.faults = this.faults.met;
    this.world.operations = 0;
  }
}

function ask(life: Life, event: Extract<Event, { log: number }>): void {
  if (event.do === "append") life.append();
  else if (event.do === "batch") life.batch(event.count);
  else if (event.do === "stage") life.stage(event.count);
  else if (event.do === "produce") life.produce(event.producer, event.count, event.again);
  else if (event.do === "fence") life.fence(event.producer);
  else if (event.do === "flush") life.flush();
  else if (event.do === "rotate") life.rotate();
  else if (event.do === "before") life.before(event.at);
  else if (event.do === "after") life.after(event.at);
  else if (event.do === "close") life.close();
  else if (event.do === "follow") life.follow(event.at);
  else life.observe();
}
