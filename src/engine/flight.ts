/**
 * The groups between their write and the end of their flush. A strict log flushes each group as soon as it is
 * written, and writes no more of them than the storage flushes at one time. A relaxed log writes on meanwhile: one
 * flush, in the next turn of the event loop, covers all that was written until then. When a write fails, what was
 * written before it is flushed first: it may have been acknowledged. It knows nothing of the queue.
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
  /** A write that has failed, while what was written before it is being flushed. Nothing is written behind it. */
  #failedWrite: { readonly cause: unknown } | undefined;
  /** Whether a flush was asked for that has to wait until a write has ended. */
  #isDue = false;
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
      if (count !== bytes.length) return this.#failWrite(notWhole(count, bytes.length));
      this.#writing = false;
      this.#unflushed.push(group);
      this.#events.written(group);
      if (settings.relaxed && !this.#isDue) this.#flushInTurn();
      else this.flush();
      this.#events.progressed();
    };
    const failed = (cause: unknown): void => this.#failWrite(cause);
    this.#attempt(() => file.write(bytes, position), written, failed);
  }

  /** Flushes what was written, unless as many flushes as may be run already. Then the end of one of them goes on with it. */
  flush(): void {
    const { active, storage, settings } = this.#core;
    const groups = this.#unflushed;
    const flushesMax = settings.relaxed ? 1 : storage.flushesAtOnce;
    if (groups.length === 0 || this.#flushing >= flushesMax) return;
    this.#isDue = this.#writing && this.#failedWrite === undefined && storage.flushesAtOnce === 1;
    if (this.#isDue) return;
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
      if (this.#failedWrite !== undefined && this.#flushing === 0)
        this.#giveUp("write to", this.#failedWrite.cause);
      this.#events.flushed(now - begun);
    };
    const failed = (cause: unknown): void => this.#giveUp("flush", cause);
    this.#attempt(() => active.file.flush(), flushed, failed);
  }

  /** Gives up everything that is on its way, and answers it. */
  abandon(): Group[] {
    const groups = this.#groups;
    this.#generation++;
    this.#groups = [];
    this.#unflushed = [];
    this.#writing = false;
    this.#flushing = 0;
    this.#failedWrite = undefined;
    this.#isDue = false;
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

  #attempt<T>(work: () => Eventually<T>, done: (value: T) => void, failed: (cause: unknown) => void): void {
    const { files, active } = this.#core;
    const { name } = active.segment;
    const generation = this.#generation;
    const heard = <V>(what: (value: V) => void): ((value: V) => void) => {
      return (value) => {
        files.release(name);
        if (generation === this.#generation) what(value);
      };
    };
    // The file is not closed before the last call on it was answered.
    files.retain(name);
    settle(work, heard(done), heard(failed));
  }

  /** What was written before is as good as it was: only a flush tells whether it is lost. */
  #failWrite(cause: unknown): void {
    this.#failedWrite = { cause };
    if (this.length === 1) this.#giveUp("write to", cause);
    else this.flush();
  }

  #giveUp(action: string, cause: unknown): void {
    this.#core.active.finished = true;
    const isAlone =
      Number(this.#writing) + this.#flushing === 1 && !this.#groups.some((group) => group.flushed);
    this.#events.failed(action, cause, isAlone);
  }
}
