/**
 * Carries records out: takes what may travel, has it delivered, and does what the verdicts say. It owns
 * time-outs, waits and the hold, and keeps whatever is not known to have been taken.
 */
import { reasonOf } from "../errors.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import type { Deliver } from "./deliver.ts";
import type { Emit } from "./events.ts";
import type { Cause, Graves } from "./graves.ts";
import type { Journal } from "./journal.ts";
import type { Entry, Lanes } from "./lanes.ts";
import { type Aborter, type Clockwork, newAborter } from "./platform.ts";
import { type Dead, type FullVerdict, type Retry, verdictOfError, verdictsOf } from "./verdict.ts";

/** How long to wait where a dead letter could not be written. */
const unburiedMs = 1000;
/** How exactly expiry is kept. */
const expiryStepMs = 1000;

export interface CourierOptions {
  readonly deliver: Deliver;
  readonly parallel: number;
  readonly batchRecordsMax: number;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  readonly maxAgeMs: number;
  readonly clockwork: Clockwork;
  /** Never goes back. */
  readonly elapsed: () => number;
  readonly now: () => number;
}

export interface CourierParts {
  readonly journal: Journal;
  readonly lanes: Lanes;
  readonly graves: Graves;
  readonly emit: Emit;
  /** Something was settled or given back. */
  readonly changed: () => void;
}

export class Courier {
  readonly #options: CourierOptions;
  readonly #parts: CourierParts;
  readonly #underWay = new Set<Aborter>();
  #callOff: (() => void) | undefined;
  #isExpiring = false;
  #isKicking = false;
  #resumes = 0;
  #closed = false;
  /** Why nothing is delivered, while that is so. */
  held: string | undefined;
  /** What went wrong last, until something goes well. */
  trouble: string | undefined;

  constructor(options: CourierOptions, parts: CourierParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** How many deliveries are on their way. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Looks whether anything may travel now. */
  kick(): void {
    if (this.#closed) return;
    const { lanes, journal } = this.#parts;
    void this.#expire();
    while (!this.#closed && this.held === undefined && !journal.isFailing) {
      if (this.#underWay.size >= this.#options.parallel) break;
      const entries = lanes.take(this.#options.elapsed());
      if (entries.length === 0) break;
      void this.#carry(entries);
    }
    this.#setAlarm();
  }

  /** Looks when those who pushed together have all been answered, so that their records travel together. */
  async kickSoon(): Promise<void> {
    if (this.#isKicking) return;
    this.#isKicking = true;
    const { lanes } = this.#parts;
    const begun = lanes.count;
    let seen: number;
    do {
      seen = lanes.count;
      // The answers of one flush come within a few turns of the microtask queue.
      for (let turn = 0; turn < 5; turn++) await undefined;
    } while (lanes.count > seen && lanes.count - begun < this.#options.batchRecordsMax);
    this.#isKicking = false;
    this.kick();
  }

  /** Tries everything that waits for its time. */
  wake(): void {
    this.#parts.lanes.wake();
    this.kick();
  }

  resume(): void {
    this.#resumes++;
    if (this.held === undefined) return;
    this.held = undefined;
    this.wake();
  }

  /** What is on its way is not waited for. It is delivered again by whoever opens the outbox next. */
  close(): void {
    this.#closed = true;
    this.#callOff?.();
    for (const aborter of this.#underWay) aborter.abort();
  }

  async #carry(entries: Entry[]): Promise<void> {
    const aborter = newAborter();
    const resumes = this.#resumes;
    this.#underWay.add(aborter);
    this.#parts.changed();
    const verdicts = await this.#deliver(entries, aborter);
    this.#underWay.delete(aborter);
    if (this.#closed) return;
    for (const verdict of verdicts) {
      // One that set out before resume() knows nothing of what was done about it.
      if (verdict.verdict === "hold" && resumes === this.#resumes) this.#hold(verdict.reason);
    }
    await this.#obey(entries, verdicts);
    this.#parts.changed();
    this.kick();
  }

  async #deliver(entries: Entry[], aborter: Aborter): Promise<FullVerdict[]> {
    const { deliver } = this.#options;
    const { journal, emit } = this.#parts;
    try {
      const records = await journal.read(entries).catch((error: unknown) => {
        emit("error", { error });
        throw error;
      });
      for (const entry of entries) entry.attempts++;
      const attempt = Math.max(...entries.map(({ attempts }) => attempts));
      const delivery = { outbox: journal.identity.id, incarnation: journal.identity.incarnation, records };
      const answer = await this.#inTime(aborter, async () =>
        deliver(delivery, { signal: aborter.signal, attempt }),
      );
      return verdictsOf(answer, entries.length);
    } catch (error) {
      return entries.map(() => verdictOfError(error));
    }
  }

  /** Gives up waiting when the time is over or the aborter aborts, also for somebody who does not listen. */
  #inTime<T>(aborter: Aborter, work: () => Promise<T>): Promise<T> {
    const { timeoutMs, clockwork } = this.#options;
    return new Promise((resolve, reject) => {
      const timeIsOver = new Error(`there was no answer within ${timeoutMs} ms`);
      const callOff = clockwork.after(timeoutMs, () => aborter.abort(timeIsOver));
      aborter.signal.addEventListener("abort", () => reject(aborter.signal.reason));
      work().finally(callOff).then(resolve, reject);
    });
  }

  async #obey(entries: Entry[], verdicts: FullVerdict[]): Promise<void> {
    const { journal, lanes, emit } = this.#parts;
    const of = (name: FullVerdict["verdict"]): Entry[] =>
      entries.filter((_, index) => verdicts[index]!.verdict === name);
    const done = of("done");
    if (done.length > 0) {
      this.trouble = undefined;
      journal.settle(done);
      emit("delivered", { count: done.length });
    }
    const settled = new Set(done);
    for (const [index, entry] of entries.entries()) {
      const verdict = verdicts[index]!;
      if (verdict.verdict === "dead" && (await this.#bury(entry, refusal(verdict)))) settled.add(entry);
    }
    const failed = entries.filter((entry) => !settled.has(entry));
    const retries = verdicts.filter((verdict) => verdict.verdict === "retry");
    const unburied = failed.length > retries.length + of("hold").length;
    const waitMs = retries.length > 0 ? this.#waitMs(failed, retries) : unburied ? unburiedMs : 0;
    const notBefore = waitMs === 0 ? 0 : this.#options.elapsed() + waitMs;
    const split = retries.some((verdict) => verdict.split) && failed.length > 1;
    const recordsMax = split ? Math.ceil(failed.length / 2) : Infinity;
    lanes.release(entries, { settled, next: { notBefore, recordsMax } });
  }

  #waitMs(failed: readonly Entry[], retries: readonly Retry[]): number {
    const { backoff, clockwork } = this.#options;
    const attempts = Math.max(...failed.map((entry) => entry.attempts), 1);
    const waits = retries.map(({ afterMs }) => backoffMs(backoff, attempts, clockwork.random, afterMs));
    const waitMs = Math.max(...waits);
    const reason = retries[0]!.reason ?? "no reason was given";
    this.trouble = reason;
    this.#parts.emit("retry", { count: retries.length, attempts, reason, waitMs });
    return waitMs;
  }

  #hold(reason = "no reason was given"): void {
    if (this.held !== undefined) return;
    this.held = reason;
    this.#parts.emit("held", { reason });
  }

  async #bury(entry: Entry, cause: Cause): Promise<boolean> {
    try {
      await this.#parts.graves.bury(entry, cause);
      return true;
    } catch (error) {
      this.trouble = reasonOf(error);
      this.#parts.emit("error", { error });
      return false;
    }
  }

  /** Gives up what has waited for too long and is not on its way. */
  async #expire(): Promise<void> {
    const { maxAgeMs, now } = this.#options;
    if (maxAgeMs === Infinity || this.#isExpiring) return;
    const oldest = now() - maxAgeMs;
    const { lanes } = this.#parts;
    if (lanes.oldest() > oldest) return;
    this.#isExpiring = true;
    const due = lanes.idle().filter(({ pushed }) => pushed <= oldest);
    const count = await this.giveUp(due, {
      cause: "expired",
      reason: `it waited for ${maxAgeMs} ms or more`,
    });
    this.#isExpiring = false;
    if (count > 0) this.kick();
  }

  /** Makes dead letters of entries whose lanes are idle, which are skipped otherwise. Answers how many. */
  async giveUp(entries: readonly Entry[], cause: Cause): Promise<number> {
    const { lanes } = this.#parts;
    let count = 0;
    for (const entry of entries) {
      if (this.#closed || !lanes.hold([entry])) continue;
      const settled = new Set<Entry>();
      if (await this.#bury(entry, cause)) settled.add(entry);
      lanes.release([entry], { settled });
      count += settled.size;
      this.#parts.changed();
    }
    return count;
  }

  /** Wakes up when the first lane may travel again, or the first record is too old. */
  #setAlarm(): void {
    const { clockwork, elapsed, maxAgeMs, now, parallel } = this.#options;
    const { lanes, journal } = this.#parts;
    this.#callOff?.();
    this.#callOff = undefined;
    if (this.#closed) return;
    // Where something else has to happen first, that will kick.
    const isStuck = this.held !== undefined || journal.isFailing || this.#underWay.size >= parallel;
    const toTravel = isStuck ? Infinity : lanes.nextTime() - elapsed();
    const toExpire = Math.max(lanes.oldest() + maxAgeMs - now(), expiryStepMs);
    const ms = Math.min(toTravel, toExpire);
    if (ms !== Infinity) this.#callOff = clockwork.after(Math.max(ms, 1), () => this.kick());
  }
}

function refusal({ reason = "no reason was given", response }: Dead): Cause {
  return { cause: "refused", reason, ...(response && { response }) };
}
