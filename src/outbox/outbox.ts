/** The public verbs of an outbox. */
import { type Ack, type RecordInput, WalError } from "../index.ts";
import type { Adopter } from "./adopter.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Emit, OutboxEventTarget } from "./events.ts";
import type { Mender } from "./mender.ts";
import { checkPush } from "./options.ts";
import { bytesOf } from "./stored.ts";
import type { Works } from "./works.ts";

/** What a push resolves to. */
export interface Pushed {
  /** What the record is delivered with, in every attempt. */
  readonly id: string;
  /** What the record survives by now, as the log says it. */
  readonly durability: Ack["durability"];
}

/** Of the outbox and of what it has adopted. */
export interface OutboxStatus {
  /**
   * `idle`: nothing is pending. `delivering`: something is on its way. `waiting`: for the time of the next
   * attempt. `held`: for `resume()`. `reopening`: its storage is gone, and is opened again, as often as it takes.
   */
  readonly state: "idle" | "delivering" | "waiting" | "held" | "reopening" | "closed";
  /** Records that were pushed, and neither taken nor given up. */
  readonly pending: number;
  /** Of their keys, values and headers. */
  readonly pendingBytes: number;
  /** Deliveries on their way. */
  readonly underWay: number;
  readonly dead: number;
  /** Why it is held, or what went wrong last and has not gone well since. */
  readonly reason: string | undefined;
}

/** What `openOutbox` takes apart again. */
export interface OutboxParts {
  readonly label: string;
  readonly mender: Mender;
  readonly events: OutboxEventTarget;
  readonly emit: Emit;
  readonly stopHints: () => void;
  /** Without it, nothing is adopted. */
  readonly adopter: Adopter | undefined;
}

export class Outbox {
  /** Tells `change`, `delivered`, `retry`, `held`, `dead` and `error`. */
  readonly events: OutboxEventTarget;
  readonly #parts: OutboxParts;
  #closing: Promise<void> | undefined;

  /** Use `openOutbox`. */
  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.events = parts.events;
  }

  /** What was given up in this partition: to list, retry, export or drop. See `adopted`. */
  get dead(): DeadLetters {
    return this.#works.dead;
  }

  /** Who this outbox is to the other side. It is the same as long as the log is. */
  get id(): string {
    return this.#works.journal.identity.id;
  }

  /**
   * Which of the logs of this outbox is open here. With `"free"` it becomes another one if somebody adopted this one while
   * its storage was gone.
   */
  get partition(): number {
    return this.#works.journal.partition;
  }

  /** How many records were pushed, and neither taken nor given up, here and in what was adopted. */
  get pending(): number {
    return this.#sum((outbox) => outbox.#works.lanes.count);
  }

  get status(): OutboxStatus {
    const { pending } = this;
    const underWay = this.#sum((outbox) => outbox.#works.courier.underWay);
    const waiting = pending === 0 ? "idle" : underWay > 0 ? "delivering" : "waiting";
    const couriers = [this, ...this.adopted].map((outbox) => outbox.#works.courier);
    const held = couriers.find((courier) => courier.held !== undefined)?.held;
    const open = held === undefined ? waiting : "held";
    const { trouble } = this.#parts.mender;
    const living = trouble === undefined ? open : "reopening";
    return {
      state: this.#closing === undefined ? living : "closed",
      pending,
      pendingBytes: this.#sum((outbox) => outbox.#works.lanes.bytes),
      underWay,
      dead: this.#sum((outbox) => outbox.dead.count),
      reason: trouble ?? held ?? couriers.find((courier) => courier.trouble !== undefined)?.trouble,
    };
  }

  /**
   * The logs of others that this outbox has taken over, because nobody had them open and something was left in
   * them. Each is closed when nothing is pending and no dead letter is left in it.
   */
  get adopted(): readonly Outbox[] {
    return this.#parts.adopter?.adopted ?? [];
  }

  /**
   * Takes a record, and resolves when it is durable. It is delivered as soon as that is possible, and
   * not forgotten before it was taken or is a dead letter.
   *
   * Rejects with `FULL` or `TOO_LARGE` when it is over the budget, and with `FLUSH_FAILED` or `UNAVAILABLE` when it
   * could not be stored: then it is not in the outbox, and may be pushed again.
   *
   *     await outbox.push({ key: orderId, value: JSON.stringify(order) });
   */
  async push(record: RecordInput): Promise<Pushed> {
    this.#assertOpen("push to");
    checkPush(record);
    return await this.#enter(record);
  }

  /** Puts a dead letter back. For the dead letters. */
  async pushLetter(record: RecordInput, letter: number): Promise<void> {
    this.#assertOpen("push to");
    await this.#enter(record, letter);
  }

  /** Tries everything now that waits for the time of its next attempt. */
  wake(): void {
    this.#parts.mender.wake();
    this.#works.courier.wake();
    for (const outbox of this.adopted) outbox.wake();
    void this.#parts.adopter?.look();
  }

  /** Goes on after a `hold`. Without one it changes nothing. */
  resume(): void {
    this.#works.courier.resume();
    for (const outbox of this.adopted) outbox.resume();
    this.#parts.emit("change", undefined);
  }

  /**
   * Resolves when nothing is pending, here and in what was adopted, and what was delivered is settled for good.
   * Rejects when it is closed before.
   */
  async drained(): Promise<void> {
    const { events, mender, adopter } = this.#parts;
    let works: Works;
    do {
      await adopter?.looked();
      while (this.pending > 0 || mender.trouble !== undefined) {
        this.#assertOpen("drain");
        await new Promise<void>((resolve) =>
          events.addEventListener("change", () => resolve(), { once: true }),
        );
      }
      this.#assertOpen("drain");
      works = this.#works;
      // One that was closed meanwhile had been drained before.
      const others = this.adopted.map((outbox) => outbox.drained().catch(() => undefined));
      await Promise.all([works.journal.written(), ...others]);
      this.#assertOpen("drain");
      // What was settled may be pending again if the storage has gone meanwhile.
    } while (works !== this.#works || mender.trouble !== undefined);
  }

  /** Stops delivering, and gives the outbox free. What is pending stays pending for whoever opens it next. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** When the logs are open, and when there is room. */
  #enter(record: RecordInput, letter?: number): Promise<Pushed> {
    return this.#parts.mender.use((works) =>
      works.room.enter(bytesOf(record), () => this.#add(works, record, letter)),
    );
  }

  async #add({ journal, lanes, courier }: Works, record: RecordInput, letter?: number): Promise<Pushed> {
    const { entry, ack } = await journal.push(record, letter);
    lanes.add(entry);
    this.#parts.emit("change", undefined);
    void courier.kickSoon();
    return { id: journal.idOf(entry), durability: ack.durability };
  }

  async #close(): Promise<void> {
    const { mender, adopter, stopHints, emit } = this.#parts;
    stopHints();
    mender.stop(this.#closedError("push to"));
    try {
      await adopter?.close();
    } finally {
      await mender.close();
      adopter?.leave();
      emit("change", undefined);
    }
  }

  get #works(): Works {
    return this.#parts.mender.works;
  }

  #sum(count: (outbox: Outbox) => number): number {
    return this.adopted.reduce((sum, outbox) => sum + count(outbox), count(this));
  }

  #assertOpen(action: string): void {
    if (this.#closing !== undefined) throw this.#closedError(action);
  }

  #closedError(action: string): WalError {
    return new WalError("CLOSED", `cannot ${action} outbox ${this.#parts.label}: it was closed`);
  }
}
