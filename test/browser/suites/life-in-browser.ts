/**
 * A log that lives through a workload on the real storage of this browser, until an operation of that storage is its
 * last, or fails. The judge of the simulator says what may be found then.
 */
import { type Storage, WalError } from "../../../src/index.ts";
import { Life, type Surroundings } from "../../sim/life.ts";
import type { Event } from "../../sim/plan.ts";
import type { Hook } from "./platform.ts";

/** The storage that is tried: how it is opened anew, and how all that it holds is let go of. */
export interface Subject {
  /** A storage on the same bytes, as another process would open it. */
  open(): Storage;
  /** What the death of the process does: handles, locks and connections are gone. */
  drop(): Promise<void>;
  /** From now on `hook` hears of each operation. */
  listen(hook: Hook | undefined): void;
}

export interface Accident {
  /** How many operations pass before. */
  readonly after: number;
  readonly kind: "crash" | "fails once" | "fails for good";
  /** The name of the error that is thrown where something fails, or `partly`. */
  readonly error: string;
}

/** How long something may be under way, in ms. */
const quietMsMax = 30_000;

export class LifeInBrowser implements Surroundings {
  storage: Storage;
  isDead = false;
  readonly mayNotRead = false;
  /** How many operations there were. */
  operations = 0;
  /** Whether the accident has happened, and to what. */
  met: string | undefined;
  readonly #subject: Subject;
  readonly #accident: Accident | undefined;
  readonly #life: Life;
  #failure: unknown;
  #numbers = 0;

  constructor(subject: Subject, accident?: Accident) {
    this.#subject = subject;
    this.#accident = accident;
    this.storage = subject.open();
    const plan = { topic: "orders", segmentBytes: 700, relaxed: false };
    this.#life = new Life({ ...plan, retentionBytes: undefined, pendingBytes: undefined }, this);
  }

  /** Nothing that is read fails here. */
  isPlanned(): boolean {
    return false;
  }

  number(): number {
    return this.#numbers++;
  }

  fail(error: unknown): void {
    this.#failure ??= error;
  }

  /** Throws when something is as it must not be. */
  async all(events: readonly Event[]): Promise<void> {
    this.#subject.listen((operation) => this.#hear(operation));
    try {
      await this.#open("power lost");
      for (const event of events) {
        if (this.isDead) break;
        await this.#step(event);
      }
      await this.#settle();
      await this.#end();
    } finally {
      this.#subject.listen(undefined);
      this.#life.abandon();
      await this.#subject.drop();
    }
  }

  async #step(event: Event): Promise<void> {
    const life = this.#life;
    if (event.do === "settle") await this.#settle();
    else if (event.do === "append") life.append();
    else if (event.do === "batch") life.batch(event.count);
    else if (event.do === "produce") life.produce(event.producer, event.count, event.again);
    else if (event.do === "rotate") life.rotate();
    else if (event.do === "before") life.before(event.at);
    else if (event.do === "after") life.after(event.at);
    else if (event.do === "close") await this.#reopen();
    else throw new Error(`no browser can do this: ${event.do}`);
  }

  #hear(operation: string): ReturnType<Hook> {
    if (this.isDead) throw new DOMException("the program is dead", "AbortError");
    const { after, kind, error } = this.#accident ?? { after: Infinity, kind: "crash", error: "" };
    const index = this.operations++;
    if (index < after || (kind === "fails once" && index > after)) return undefined;
    this.met ??= operation;
    if (kind !== "crash" && error === "partly") return error;
    if (kind !== "crash") throw new DOMException("this operation was to fail", error);
    this.#life.watch();
    this.isDead = true;
    throw new DOMException("the program has died", "AbortError");
  }

  /** Everything that was asked for has ended, and the log is as it must be. */
  async #settle(): Promise<void> {
    if (!this.isDead) this.#life.flush();
    await this.#quiet();
    if (this.isDead) return;
    this.#life.settled();
    await this.#unlessDead(() => this.#life.compare());
  }

  /** Reading fails when the program dies meanwhile, which says nothing. */
  async #unlessDead(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.isDead) throw error;
    }
  }

  async #quiet(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error("something that was asked of the log never ends")),
        quietMsMax,
      );
    });
    try {
      await Promise.race([Promise.all(this.#life.pending), late]);
    } finally {
      clearTimeout(timer);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #reopen(): Promise<void> {
    await this.#settle();
    if (this.isDead) return;
    this.#life.close();
    await this.#quiet();
    if (this.isDead) return;
    await this.#again(this.met === undefined ? "alive" : "process died");
  }

  async #again(circumstance: "alive" | "process died"): Promise<void> {
    this.#life.abandon();
    await this.#subject.drop();
    this.isDead = false;
    this.storage = this.#subject.open();
    await this.#open(circumstance);
  }

  /** The first attempt may meet the accident. It changes nothing then. */
  async #open(circumstance: "alive" | "process died" | "power lost"): Promise<void> {
    try {
      await this.#life.open();
    } catch (error) {
      if (this.isDead) return;
      const isForeseen = error instanceof WalError && ["UNAVAILABLE", "FULL"].includes(error.code);
      if (!isForeseen || this.met === undefined) throw error;
      this.#subject.listen(undefined);
      await this.#life.open();
    }
    await this.#unlessDead(() => this.#life.recovered(circumstance));
  }

  /** Nothing happens any more: the log is found as it may be, goes on, and is closed in good order. */
  async #end(): Promise<void> {
    this.#subject.listen(undefined);
    if (this.isDead) await this.#again("process died");
    this.#life.append();
    await this.#settle();
    this.#life.close();
    await this.#quiet();
    await this.#again("alive");
    const { verdict } = this.#life.log!.recovery;
    if (verdict !== "clean") throw new Error(`a log that was closed was found ${verdict}`);
    this.#life.close();
    await this.#quiet();
  }
}
