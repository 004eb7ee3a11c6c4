/**
 * Group commit. Records that arrive while a group is on its way form the next one. Whatever else
 * changes the log waits in the same queue and holds the pen alone while it works. When a write or
 * flush fails, everything behind it fails with it (see DESIGN.md, "When a flush fails").
 */
import type { WalError } from "../errors.ts";
import type { Durability } from "../storage.ts";
import type { Core } from "./core.ts";
import { flushFailed } from "./failure.ts";
import { Flight } from "./flight.ts";
import { Group, type Settlement } from "./group.ts";
import { Intake } from "./intake.ts";
import { retainedFrom } from "./retention.ts";
import { isFull, makeRoom } from "./room.ts";
import { needsSegment, rotate } from "./rotation.ts";
import { isGroup, isTurn, type Turn } from "./turn.ts";

/** How long a storage that answers at once may keep the event loop busy, in ms. */
const busyMsMax = 8;

export class Writer {
  readonly #core: Core;
  #queue: (Group | Turn)[] = [];
  readonly #flight: Flight;
  #scheduled = false;
  /** Whether a turn holds the pen. */
  #held = false;
  #pumping = false;
  #busyMs = 0;
  /** A loss that nobody was told of yet. */
  #loss: WalError | undefined;
  readonly intake: Intake;
  readonly counters = { batches: 0, bytes: 0, flushFailures: 0, rotations: 0 };

  constructor(core: Core) {
    this.#core = core;
    this.#flight = new Flight(core, {
      written: (group) => this.#written(group),
      settled: (group, ms) => this.#settle(group, ms),
      failed: (action, cause, isAlone) => {
        if (isAlone && isFull(cause)) this.#makeRoom(action, cause);
        else this.fail(action, cause);
      },
      flushed: (ms) => {
        if (this.#pumping) this.#breathe(ms);
        else this.#schedule();
      },
      progressed: () => this.#pump(),
    });
    this.intake = new Intake(
      core,
      (group) => this.#queue.push(group),
      () => this.#schedule(),
      () => this.#queue.length + this.#flight.length < core.storage.flushesAtOnce - 1,
    );
  }

  get flushes(): number {
    return this.#flight.flushes;
  }

  /** Throws, once, a loss that nobody was told of. */
  reportLoss(): void {
    const loss = this.#loss;
    this.#loss = undefined;
    if (loss !== undefined) throw loss;
  }

  /** Resolves when everything that is on its way is durable. */
  settled(): Promise<Settlement> | undefined {
    const { open } = this.intake;
    const group = open.drafts.length > 0 ? open : (this.#queue.findLast(isGroup) ?? this.#flight.last);
    this.#schedule();
    return group?.settled;
  }

  /** Resolves when everything added before is durable. */
  async flush(): Promise<void> {
    const { drafts } = this.intake.open;
    const idle = drafts.length === 0 && this.#queue.length === 0 && this.#flight.length === 0;
    if (idle && !this.#held) return;
    await this.exclusive(async () => undefined);
  }

  /**
   * Runs `work` when everything added before is durable and nothing else is under way. It is
   * rejected without being run when a flush in front of it fails. `holding` lets the appends that
   * come after it wait, where it changes the offsets that they get.
   */
  exclusive<T>(work: () => Promise<T>, { holding = false } = {}): Promise<T> {
    const { intake } = this;
    return new Promise<T>((resolve, reject) => {
      const run = async (): Promise<void> => {
        await work().then(resolve, reject);
        intake.release(run);
      };
      const queue = (): void => {
        intake.close();
        this.#queue.push({ run, reject });
        if (holding) intake.hold(run);
        this.#schedule();
      };
      // Appends that wait for room come first.
      if (intake.isFull) intake.whenRoom(queue, reject);
      else queue();
    });
  }

  /** Ends everything that was not acknowledged, and goes back to what is durable. */
  fail(action: string, cause: unknown): WalError {
    const error = flushFailed(this.#core, this.intake.next, action, cause);
    const { open, waiting } = this.intake.reset();
    const groups = [...this.#flight.abandon(), ...this.#queue.filter(isGroup), open];
    const turns = this.#queue.filter(isTurn);
    this.counters.flushFailures++;
    this.#queue = [];
    this.#core.state.producers.dropPending();
    for (const each of [...turns, ...waiting]) each.reject(error);
    for (const group of groups) group.reject(error);
    // A verb that waits behind it is told; otherwise the next one is.
    if (turns.length + waiting.length === 0 && groups.some((group) => group.silent)) this.#loss = error;
    this.#core.watchers.wake();
    return error;
  }

  /**
   * Goes to work once a turn of the microtask queue has passed in which nothing was added: callers
   * that were acknowledged together come back together, and share the next flush.
   */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#awaitWave(this.intake.next);
  }

  #awaitWave(next: number): void {
    void Promise.resolve().then(() => {
      const { intake } = this;
      if (next !== intake.next && intake.open.bytes < this.#core.settings.batchBytes) {
        return this.#awaitWave(intake.next);
      }
      this.#scheduled = false;
      intake.endTurn();
      return this.#pump();
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      this.#work();
    } finally {
      this.#pumping = false;
    }
  }

  #work(): void {
    while (!this.#held && !this.#flight.isWriting) {
      const { isFree } = this.#flight;
      // The open group is closed only when it is its turn: until then it takes more.
      if (this.#queue.length === 0 && this.intake.open.wanted && isFree) this.intake.close();
      const head = this.#queue[0];
      // Whoever waits for room waits for nothing but this.
      if (head === undefined && this.intake.isFull) this.#flight.flush();
      if (head === undefined) break;
      if (head instanceof Group && !needsSegment(this.#core, head.bytes)) {
        if (!isFree) break;
        this.#queue.shift();
        this.#flight.write(head);
      } else if (this.#flight.length > 0) {
        // It has the pen to itself, when everything before it is flushed.
        this.#flight.flush();
        if (this.#flight.length > 0) break;
      } else if (head instanceof Group) {
        this.#hold(() => this.#prepareSegment());
      } else {
        this.#queue.shift();
        this.#hold(() => head.run());
      }
    }
  }

  /** Runs work that has the pen to itself. */
  #hold(work: () => Promise<void>): void {
    this.#held = true;
    void work().finally(() => {
      this.#held = false;
      this.#schedule();
    });
  }

  async #prepareSegment(): Promise<void> {
    const core = this.#core;
    try {
      if (core.active.finished || core.active.closed) await core.repair();
      else await this.rotate(await retainedFrom(core));
    } catch (cause) {
      if (!isFull(cause) || !(await makeRoom(core))) this.fail("begin the segment behind", cause);
    }
  }

  /** Writes the group that did not fit once more, to a new segment, if something could be given back for it. */
  #makeRoom(action: string, cause: unknown): void {
    this.counters.flushFailures++;
    this.#queue.unshift(...this.#flight.abandon());
    this.#hold(async () => {
      if (!(await makeRoom(this.#core))) this.fail(action, cause);
    });
  }

  /** Begins the next segment, with `first` as the first offset of the log. */
  async rotate(first: number): Promise<void> {
    await rotate(this.#core, first);
    this.counters.rotations++;
  }

  #written(group: Group): void {
    const { settings, storage } = this.#core;
    if (!settings.relaxed) return;
    this.#acknowledge(group, storage.written ?? "os", 0);
    // Many may wait for one flush, most of them much smaller than a buffer.
    if (group.bytes < group.writer.bytes.length / 2) this.intake.recycle(group.compact());
  }

  /** A storage that answers at once must not starve everybody else. */
  #breathe(ms: number): void {
    this.#busyMs += ms;
    if (this.#busyMs < busyMsMax) return;
    this.#busyMs = 0;
    this.#hold(() => this.#core.storage.sleep(0));
  }

  #settle(group: Group, flushMs: number): void {
    const core = this.#core;
    const { active, state } = core;
    const { position } = group.placement!;
    active.flushedEnd = position + group.bytes;
    active.flushedChecksum = group.draft.checksum;
    core.durable = group.next;
    for (let index = 0; index < group.drafts.length; index++) {
      const draft = group.drafts[index]!;
      const { baseOffset, count, producer } = draft;
      const end = position + (group.drafts[index + 1]?.at ?? group.bytes);
      active.segment.index.add(end, baseOffset + count, draft.checksum);
      state.maxTimestamp = Math.max(state.maxTimestamp, draft.maxTimestamp);
      if (producer !== undefined) state.producers.apply(producer, baseOffset, count);
    }
    this.counters.batches += group.drafts.length;
    this.counters.bytes += group.bytes;
    core.strength = group.flushed!;
    this.#acknowledge(group, core.strength, flushMs);
    this.intake.settled(group);
    core.watchers.wake();
  }

  #acknowledge(group: Group, strength: Durability, flushMs: number): void {
    const { active, storage } = this.#core;
    const durability = storage.durability === "memory" ? "memory" : strength;
    const settlement: Settlement = {
      durability,
      segment: active.segment.name,
      position: group.placement!.position,
      flushMs,
    };
    if (group.flushed === undefined) group.silent = true;
    group.acknowledge(settlement);
  }
}
