/**
 * What an outbox lives in while it is tested: a disk that tests interrupt, time that only tests move, and
 * another side that does as it is told and notes what it was given.
 */
import { onTestFinished } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import type { Storage } from "../../src/index.ts";
import {
  type Answer,
  type Deliver,
  type Delivery,
  type DeliveryContext,
  openOutbox,
  type Outbox,
  type OutboxOptions,
} from "../../src/outbox/index.ts";

/** Timers that fire when they are told to, in the order of their times. */
export class Timers {
  now = 0;
  #timers: { at: number; callback: () => void }[] = [];

  readonly clockwork = {
    after: (ms: number, callback: () => void) => {
      const timer = { at: this.now + ms, callback };
      this.#timers.push(timer);
      return () => void (this.#timers = this.#timers.filter((each) => each !== timer));
    },
    random: () => 0.5,
    newId: () => `outbox-${++this.#ids}`,
  };

  #ids = 0;

  /** How many are set. */
  get count(): number {
    return this.#timers.length;
  }

  /** For a storage that waits in this time. */
  sleep(ms: number): Promise<void> {
    return new Promise((wake) => void this.clockwork.after(ms, wake));
  }

  /** Lets time pass, and everything happen that is due. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await settled();
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.now = Math.max(this.now, due.at);
      this.#timers = this.#timers.filter((each) => each !== due);
      due.callback();
      await settled();
    }
    this.now = until;
  }
}

/** Resolves when everything is done that waits for no timer. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface Sent {
  readonly values: string[];
  readonly ids: string[];
  readonly attempt: number;
  readonly delivery: Delivery;
  readonly context: DeliveryContext;
}

/** The other side. `answers` are given in turn, then `otherwise`. */
export class OtherSide {
  readonly sent: Sent[] = [];
  readonly answers: (Answer | Error | Promise<Answer>)[] = [];
  otherwise: (sent: Sent) => Answer | Error | Promise<Answer> = () => "done";

  readonly deliver: Deliver = async (delivery, context) => {
    const values = delivery.records.map(({ value }) => text(value));
    const ids = delivery.records.map(({ id }) => id);
    const sent = { values, ids, attempt: context.attempt, delivery, context };
    this.sent.push(sent);
    const answer = await (this.answers.length > 0 ? this.answers.shift()! : this.otherwise(sent));
    if (answer instanceof Error) throw answer;
    return answer;
  };

  get values(): string[][] {
    return this.sent.map(({ values }) => values);
  }
}

export class World {
  readonly timers = new Timers();
  readonly other = new OtherSide();
  readonly colour: "sync" | "async";
  disk = new MemoryDisk();
  /** What stands between the outbox and the disk. */
  wrap: (storage: Storage) => Storage = (storage) => storage;
  readonly #outboxes: Outbox[] = [];

  constructor(colour: "sync" | "async" = "sync") {
    this.colour = colour;
    onTestFinished(async () => {
      for (const outbox of this.#outboxes) await outbox.close().catch(() => undefined);
    });
  }

  get storage(): Storage {
    const { timers, colour, disk } = this;
    const storage = memoryStorage({ colour, disk, now: () => 1_700_000_000_000 + Math.floor(timers.now) });
    return this.wrap({ ...storage, elapsed: () => timers.now });
  }

  async open(options: Partial<OutboxOptions> = {}): Promise<Outbox> {
    const { clockwork } = this.timers;
    const common = { storage: this.storage, name: "orders", deliver: this.other.deliver, clockwork, hints };
    const outbox = await openOutbox({ ...common, ...options });
    this.#outboxes.push(outbox);
    return outbox;
  }

  /** The power fails: what was flushed is left. */
  losePower(): void {
    this.disk = this.disk.losePower();
  }
}

/** Nobody hints at anything. */
const hints = () => () => undefined;

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A promise that somebody else keeps. */
export function promised<T>(): { promise: Promise<T>; keep: (value: T) => void } {
  let keep!: (value: T) => void;
  const promise = new Promise<T>((resolve) => (keep = resolve));
  return { promise, keep };
}
