/**
 * Takes over what others left: opens the logs of the same outbox that nobody has open and in which something is
 * left, as often as there is a reason to look. The lock of each log makes one of all who look the one who gets it.
 */
import type { OutboxEventName, Emit } from "./events.ts";
import type { Outbox } from "./outbox.ts";
import { type Clockwork, meetNeighbours, type Neighbours } from "./platform.ts";

/** Who goes may give one lock free before the other: then somebody looks once more. */
const againMs = 1000;

const eventNames: readonly OutboxEventName[] = ["change", "delivered", "retry", "held", "dead", "error"];

export interface AdopterOptions {
  /** The name that all who have this outbox open have in common. */
  readonly name: string;
  /** Opens, one after the other, what nobody has open and is not `skipped`. */
  readonly orphans: (skipped: (partition: number) => boolean) => AsyncIterable<Outbox>;
  readonly everyMs: number;
  readonly clockwork: Clockwork;
  readonly emit: Emit;
}

export class Adopter {
  readonly #options: AdopterOptions;
  readonly #adopted = new Map<number, Outbox>();
  readonly #neighbours: Neighbours;
  #looking: Promise<void> | undefined;
  #isAsked = false;
  #callOff: (() => void) | undefined;
  #closed = false;

  constructor(options: AdopterOptions) {
    this.#options = options;
    this.#neighbours = meetNeighbours(options.name, () => {
      void this.look().then(() => this.#setAlarm(againMs));
    });
  }

  get adopted(): readonly Outbox[] {
    return [...this.#adopted.values()];
  }

  /** Looks now, and behind a look that is under way once more. */
  look(): Promise<void> {
    this.#isAsked = true;
    return (this.#looking ??= this.#lookWhileAsked());
  }

  /** Resolves when no look is under way. */
  async looked(): Promise<void> {
    await this.#looking;
  }

  /** Gives everything free that was adopted. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#callOff?.();
    await this.#looking;
    await Promise.all(this.adopted.map((outbox) => outbox.close()));
  }

  /** Gives everything free for now, as well as that goes. */
  async letGo(): Promise<void> {
    const { adopted } = this;
    this.#adopted.clear();
    await Promise.allSettled(adopted.map((outbox) => outbox.close()));
  }

  /** When everything is free: lets the others look for it. */
  leave(): void {
    this.#neighbours.leave();
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#isAsked && !this.#closed) {
      this.#isAsked = false;
      await this.#look();
    }
    this.#looking = undefined;
    this.#setAlarm(this.#options.everyMs);
  }

  async #look(): Promise<void> {
    const { orphans, emit } = this.#options;
    this.#neighbours.look();
    try {
      for await (const outbox of orphans((partition) => this.#closed || this.#adopted.has(partition))) {
        this.#adopt(outbox);
      }
    } catch (error) {
      emit("error", { error });
    }
  }

  #adopt(outbox: Outbox): void {
    const { emit } = this.#options;
    this.#adopted.set(outbox.partition, outbox);
    for (const name of eventNames) outbox.events.addEventListener(name, ({ detail }) => emit(name, detail));
    let isEnding = false;
    outbox.events.addEventListener("change", () => {
      if (isEnding || this.#closed || isInUse(outbox)) return;
      isEnding = true;
      void this.#end(outbox)
        .catch((error: unknown) => this.#adopted.has(outbox.partition) && emit("error", { error }))
        .finally(() => (isEnding = false));
    });
    emit("change", undefined);
  }

  /** It has served its time, unless something was put back into it meanwhile. */
  async #end(outbox: Outbox): Promise<void> {
    await outbox.drained();
    if (isInUse(outbox)) return;
    await outbox.close();
    this.#adopted.delete(outbox.partition);
    this.#options.emit("change", undefined);
  }

  #setAlarm(ms: number): void {
    this.#callOff?.();
    if (!this.#closed) this.#callOff = this.#options.clockwork.after(ms, () => void this.look(), true);
  }
}

function isInUse(outbox: Outbox): boolean {
  return outbox.pending > 0 || outbox.dead.count > 0;
}
