/**
 * The groups between their write and the end of their flush. A strict log flushes each group as soon as it is
 * written, and writes no more of them than the storage flushes at one time. A relaxed log writes on meanwhile: one
 * flush, in the next turn of the event loop, covers all that was written until then. It knows nothing of the queue.
 */
import type { Durability, Eventually } from "../storage.ts";
import { notWhole } from "./birth.ts";
import type { Core } from "./core.ts";
import { settle } from "./eventually.ts";
import type { Group } from "./group.ts";

/** For how long a relaxed log may write without letting others have a turn, in ms. */
const turnMsMax = 8;
/** So many groups of a relaxed log may wait for one flush: what comes then shares a write as well. */
const groupsMax = 1024;

export interface FlightEvents {
  written(group: Group): void;
  /** The group is durable. Called in the order in which the groups were written. */
  settled(group: Group, ms: number): void;
  /** `isAlone` says that nothing else was under way, so that all may be written once more, elsewhere. */
  failed(action: string, cause: unknown, isAlone: boolean): void;
  /** A flush has ended, `ms` after the first write that it covers began. */
  flushed(ms: number): void;
  /** Perhaps another group may be written. */
  progressed(): void;
}

export class Flight {
  readonly #core: Core;
  readonly #events: FlightEvents;
  #groups: Group[] = [];
  /** Those of them that no flush covers yet. */
  #unflushed: Group[] = [];
  #writing = false;
  #flushing = 0;
  /** When this turn of the event loop began, if something was written in it that is flushed at its end. */
  #turnBegan: number | undefined;
  #isTurnLong = false;
  /** Changes when all is given up: answers from before it are of no interest. */
  #generation = 0;
  flushes = 0;

  constructor(core: Core, events: FlightEvents) {
    this.#core = core;
    this.#events = events;
  }

  get length(): number {
    return this.#groups.length;
  }

  get last(): Group | undefined {
    return this.#groups.at(-1);
  }

  get isWriting(): boolean {
    return this.#writing;
  }

  /** Whether another group may be written now. */
  get isFree(): boolean {
    const { settings, storage } = this.#core;
    if (this.#writing) return false;
    if (!settings.relaxed) return this.length < storage.flushesAtOnce;
    // What can flush one at a time only may not be able to write meanwhile either.
    const isBlocked = this.#flushing > 0 && storage.flushesAtOnce === 1;
    return !isBlocked && !this.#isTurnLong && this.length < groupsMax;
  }

  /** Writes a group behind the last one, and has it flushed. */
  write(group: Group): void {
    const { active, storage, settings } = this.#core;
    const { segment, file, end: position, flushedEnd: watermark, checksum: previousChecksum } = active;
    const { bytes, checksum } = group.place({ position, epoch: segment.epoch, previousChecksum, watermark });
    active.end += bytes.length;
    active.checksum = checksum;
    active.fileSize = Math.max(active.fileSize, active.end);
    group.begun = storage.elapsed();
    this.#groups.push(group);
    this.#writing = true;
    const written = (count: number): void => {
      if (count !== bytes.length) return this.#fail("write to", notWhole(count, bytes.length));
      this.#writing = false;
      this.#unflushed.push(group);
      this.#events.written(group);
      if (settings.relaxed) this.#flushInTurn();
      else this.flush();
      this.#events.progressed();
    };
    this.#attempt("write to", () => file.write(bytes, position), written);
  }

  /** Flushes what was written, unless as many flushes as may be run already. Then the end of one of them goes on with it. */
  flush(): void {
    const { active, storage, settings } = this.#core;
    const groups = this.#unflushed;
    const flushesMax = settings.relaxed ? 1 : storage.flushesAtOnce;
    if (groups.length === 0 || this.#flushing >= flushesMax) return;
    this.#unflushed = [];
    this.#flushing++;
    this.flushes++;
    const { begun } = groups[0]!;
    const flushed = (strength: Durability | void): void => {
      this.#flushing--;
      for (const group of groups) group.flushed = strength ?? storage.durability;
      const now = storage.elapsed();
      while (this.#groups[0]?.flushed) {
        const group = this.#groups.shift()!;
        this.#events.settled(group, now - group.begun);
      }
      this.flush();
      this.#events.flushed(now - begun);
    };
    this.#attempt("flush", () => active.file.flush(), flushed);
  }

  /** Gives up everything that is on its way, and answers it. */
  abandon(): Group[] {
    const groups = this.#groups;
    this.#generation++;
    this.#groups = [];
    this.#unflushed = [];
    this.#writing = false;
    this.#flushing = 0;
    return groups;
  }

  #flushInTurn(): void {
    const { storage } = this.#core;
    if (this.#turnBegan !== undefined) {
      this.#isTurnLong = storage.elapsed() - this.#turnBegan > turnMsMax;
      return;
    }
    this.#turnBegan = storage.elapsed();
    void this.#endTurn();
  }

  async #endTurn(): Promise<void> {
    await this.#core.storage.sleep(0);
    this.#turnBegan = undefined;
    this.#isTurnLong = false;
    this.flush();
    this.#events.progressed();
  }

  #attempt<T>(action: string, work: () => Eventually<T>, done: (value: T) => void): void {
    const { files, active } = this.#core;
    const { name } = active.segment;
    const generation = this.#generation;
    const failed = (cause: unknown): void => {
      files.release(name);
      if (generation === this.#generation) this.#fail(action, cause);
    };
    const answered = (value: T): void => {
      files.release(name);
      if (generation === this.#generation) done(value);
    };
    // The file is not closed before the last call on it was answered.
    files.retain(name);
    settle(work, answered, failed);
  }

  #fail(action: string, cause: unknown): void {
    this.#core.active.finished = true;
    const isAlone =
      Number(this.#writing) + this.#flushing === 1 && !this.#groups.some((group) => group.flushed);
    this.#events.failed(action, cause, isAlone);
  }
}
