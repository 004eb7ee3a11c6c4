/**
 * Keeps the works of an outbox open: when their storage is gone, as when the worker that has the files dies, it opens
 * them anew, as often as it takes. The lock was lost with the storage, so nothing is taken for what it was: the logs are
 * read as behind a crash.
 */
import { reasonOf, WalError } from "../errors.ts";
import { backoffMs } from "./backoff.ts";
import type { Emit } from "./events.ts";
import type { Clockwork } from "./platform.ts";
import { abandonWorks, closeWorks, type Remains, stopWorks, type Works } from "./works.ts";

/** Between the attempts. The first is made at once. */
const backoff = { baseMs: 500, maxMs: 30_000 };

export interface MenderOptions {
  readonly label: string;
  readonly clockwork: Clockwork;
  readonly emit: Emit;
  readonly open: (onGone: (error: unknown) => void, remains?: Remains) => Promise<Works>;
  /** Gives free what else was opened on the same storage. */
  readonly letGo: () => Promise<void>;
  /** Everything is as before. */
  readonly onMended: () => void;
}

interface Waiting {
  enter(): void;
  reject(error: unknown): void;
}

export class Mender {
  readonly #options: MenderOptions;
  /** None before they were opened for the first time. */
  #works: Works | undefined;
  #mending: Promise<void> | undefined;
  /** Those who want to use the works, in their order. */
  #waiting: Waiting[] = [];
  /** Makes the next attempt now, while none is under way. */
  #skipPause: (() => void) | undefined;
  #generation = 0;
  #closed = false;
  /** Why the works are not open at the moment. */
  trouble: string | undefined;

  constructor(options: MenderOptions) {
    this.#options = options;
  }

  /** Opens the works for the first time. */
  async begin(): Promise<void> {
    this.#works = await this.#open();
  }

  /** Those that are open, or were the last to be so. */
  get works(): Works {
    return this.#works!;
  }

  /**
   * Calls `use` with the works, in the order of the calls: at once, or when the attempt to open them that is under way has
   * succeeded. Rejects when that fails, and while the next attempt is not due yet.
   */
  use<T>(use: (works: Works) => Promise<T>): Promise<T> {
    if (this.trouble === undefined) return use(this.works);
    if (this.#skipPause !== undefined) return Promise.reject(this.#unavailable());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ enter: () => void use(this.works).then(resolve, reject), reject });
    });
  }

  /** The storage is gone. More than one may notice. */
  mend(error: unknown): void {
    if (this.#works === undefined || this.trouble !== undefined || this.#closed) return;
    this.trouble = reasonOf(error);
    this.#options.emit("error", { error });
    this.#mending = this.#mend();
    this.#options.emit("change", undefined);
  }

  /** Makes the next attempt now. */
  wake(): void {
    this.#skipPause?.();
  }

  /** Delivers nothing more, and opens nothing more. `reason` is what those hear who wait. */
  stop(reason: unknown): void {
    this.#closed = true;
    this.#skipPause?.();
    this.#refuse(reason);
    stopWorks(this.works, reason);
  }

  async close(): Promise<void> {
    await this.#mending;
    const isAbandoned = this.trouble !== undefined;
    if (!isAbandoned) await closeWorks(this.works);
  }

  async #mend(): Promise<void> {
    const { emit, letGo, onMended, clockwork } = this.#options;
    const old = this.works;
    await letGo();
    const remains = await abandonWorks(old, this.#unavailable());
    for (let attempts = 1; this.#works === old && !this.#closed; attempts++) {
      try {
        this.#works = await this.#open(remains);
      } catch (error) {
        this.trouble = reasonOf(error);
        emit("error", { error });
        this.#refuse(this.#unavailable());
        await this.#pause(backoffMs(backoff, attempts, clockwork.random));
      }
    }
    if (this.#works === old) return;
    this.trouble = undefined;
    if (this.#closed) {
      this.works.courier.close();
      return;
    }
    for (const { enter } of this.#waiting.splice(0)) enter();
    this.#tellLoss(old);
    onMended();
    emit("change", undefined);
  }

  #refuse(reason: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  #open(remains?: Remains): Promise<Works> {
    const generation = ++this.#generation;
    // Who belongs to works that were replaced may hear of it late.
    const onGone = (error: unknown): void => {
      if (generation === this.#generation) this.mend(error);
    };
    return this.#options.open(onGone, remains);
  }

  /** The storage may have lost more than its worker. */
  #tellLoss({ journal, lanes }: Works): void {
    const { emit, label } = this.#options;
    const now = this.works.journal;
    if (now.partition !== journal.partition || now.identity.id === journal.identity.id || lanes.count === 0)
      return;
    const message = `${lanes.count} records that were pending in outbox ${label} are gone: its storage has lost them`;
    emit("error", { error: new WalError("UNAVAILABLE", message) });
  }

  #unavailable(): WalError {
    const message = `cannot push to outbox ${this.#options.label}: its storage is gone, and is opened again soon: ${this.trouble}`;
    return new WalError("UNAVAILABLE", message);
  }

  #pause(ms: number): Promise<void> {
    const { emit, clockwork } = this.#options;
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        callOff();
        this.#skipPause = undefined;
        resolve();
      };
      const callOff = clockwork.after(ms, end);
      this.#skipPause = end;
      emit("change", undefined);
    });
  }
}
