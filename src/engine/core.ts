/**
 * What the writer, the maintenance verbs and the readers of one log share: its segments, which of
 * them is written to, and what is durable. Whoever changes it holds the pen alone (see writer.ts).
 */
import type { Link, LogState, StartReason } from "../format/control.ts";
import { limit, startReason } from "../format/layout.ts";
import { formatSegmentName } from "../format/names.ts";
import type { Durability, Storage } from "../storage.ts";
import { type Active, noteOf } from "./active.ts";
import { assertWhole, bear, type BirthPlan, type Born } from "./birth.ts";
import { Chain } from "./chain.ts";
import { Cuts } from "./cuts.ts";
import type { Files } from "./files.ts";
import { Leftovers } from "./leftovers.ts";
import type { ChainEntry } from "./recovery.ts";
import type { Identity } from "./segment.ts";
import type { Settings } from "./settings.ts";
import { SegmentNames } from "./segment-names.ts";
import { TrackedState } from "./state.ts";
import { Watchers } from "./watchers.ts";

/** How a new segment continues the log. */
export interface Continuation {
  readonly reason: StartReason;
  readonly base: number;
  readonly link: Link | undefined;
  readonly ordinal: number;
  readonly bytesBefore: number;
  readonly state: LogState;
  /** When the segment was created whose place it takes: what lies before it was appended before that. */
  readonly created?: number;
}

export class Core {
  readonly storage: Storage;
  readonly files: Files;
  readonly identity: Identity;
  readonly settings: Settings;
  readonly chain: Chain;
  readonly cuts = new Cuts();
  readonly state: TrackedState;
  /** Segment files that are no longer part of the log, and still there. */
  readonly dead: SegmentNames;
  active!: Active;
  /** The offset below which everything survived a flush. */
  durable: number;
  /** The latest epoch that any segment of this log has had. */
  epoch: number;
  /** What everything durable survives, by the last flush. Nothing is known before the first. */
  strength: Durability | undefined;
  readonly leftovers: Leftovers;
  /** Told when something has become durable, or segments have changed, or the log has closed. */
  readonly watchers = new Watchers();

  constructor(
    storage: Storage,
    files: Files,
    identity: Identity,
    settings: Settings,
    start: {
      entries: ChainEntry[];
      dead: Iterable<string>;
      state: LogState;
      durable: number;
      epoch: number;
    },
  ) {
    this.storage = storage;
    this.files = files;
    this.identity = identity;
    this.settings = settings;
    this.leftovers = new Leftovers(files);
    this.chain = new Chain(files, identity, start.entries);
    this.dead = new SegmentNames(start.dead);
    this.state = new TrackedState(start.state, settings.producersMax);
    this.durable = start.durable;
    this.epoch = start.epoch;
  }

  get first(): number {
    return this.state.first;
  }

  /** The plain continuation of the active segment, at its flushed end. */
  continuation(state: LogState): Continuation {
    const { segment, flushedEnd, flushedChecksum, finished } = this.active;
    const { start, epoch, base } = segment;
    const reason = finished ? startReason.failure : startReason.rotation;
    if (this.durable === base) {
      // It holds no durable record: the new segment takes its place instead of following it.
      const { link, ordinal, bytesBefore, created } = start;
      return { reason, base, link, ordinal, bytesBefore, state, created };
    }
    return {
      reason,
      base: this.durable,
      link: { epoch, base, end: flushedEnd, checksum: flushedChecksum },
      ordinal: start.ordinal + 1,
      bytesBefore: start.bytesBefore + flushedEnd,
      state,
    };
  }

  /**
   * Creates the next segment and makes it the active one. Nothing in memory changes unless that
   * succeeded. Segments that `continuation` does not build upon are superseded, and removed.
   */
  async advance(
    continuation: Continuation,
    carried?: { carry: NonNullable<BirthPlan["carry"]>; next: number },
  ): Promise<void> {
    const { name, epoch } = this.#nextName(continuation);
    const plan: BirthPlan = {
      ...continuation,
      name,
      epoch,
      created: continuation.created ?? this.storage.now(),
      carry: carried?.carry,
      carriedNext: carried?.next ?? continuation.base,
    };
    let born: Born;
    try {
      born = await bear(this.files, this.identity, plan);
    } catch (cause) {
      await this.#bury(name, epoch);
      throw cause;
    }
    this.leftovers.flushed();
    const { base, link } = continuation;
    const old = this.active as Active | undefined;
    this.epoch = born.segment.epoch;
    this.strength = born.strength ?? this.storage.durability;
    // Everything behind the segment that the new one is linked to is superseded.
    let kept = 0;
    while (kept < this.chain.length && link !== undefined && this.chain.at(kept)!.base < base) kept++;
    const superseded = this.chain.dropFrom(kept);
    for (const entry of superseded) this.dead.add(entry.name);
    this.chain.push(born.segment);
    if (base < this.durable) this.cuts.add(this.chain.version, base);
    this.durable = Math.min(this.durable, base);
    this.activate(born, false);
    if (old !== undefined) {
      const isRotation = continuation.reason === startReason.rotation && superseded.length === 0;
      // A seal would witness that a segment is missing which a loss of power may still take.
      if (isRotation && this.strength === this.storage.durability) await this.#seal(old);
      this.files.release(old.segment.name);
    }
    this.watchers.wake();
    await this.discard(superseded.map((entry) => entry.name));
  }

  /** Leaves a witness behind what was carried into a new segment. */
  async witness(): Promise<void> {
    const { active } = this;
    if (active.finished) return;
    const { first, durable, storage } = this;
    const note = noteOf(
      { kind: "first", first },
      active,
      active.end,
      active.checksum,
      durable,
      storage.now(),
    );
    try {
      assertWhole(await active.file.write(note.bytes, active.end), note.bytes.length);
    } catch {
      active.finished = true;
      return;
    }
    active.end += note.bytes.length;
    active.checksum = note.checksum;
    active.fileSize = Math.max(active.fileSize, active.end);
  }

  /** Lets go of the segments whose records have all been truncated away. */
  async dropTruncated(): Promise<void> {
    const dropped = this.chain.dropBefore(this.chain.indexOf(this.first));
    for (const entry of dropped) this.dead.add(entry.name);
    this.watchers.wake();
    if (dropped.length === 0) return;
    // Counts need the start of what comes first now; a damaged one is no reason not to drop the others.
    await this.chain.load(0).catch(() => undefined);
    // A segment that was finished in good health may be recycled; one spare is enough.
    const last = dropped.length - 1;
    this.leftovers.add(
      ...dropped.map(({ name, isHealthy = false }, index) => ({
        name,
        reuse: isHealthy && index === last,
        alone: false,
      })),
    );
    await this.clean();
  }

  /**
   * Makes the active segment fit to be written to. A close batch is cut off: its flush may have
   * failed in a process that is gone, and bytes that failed a flush must not lie below
   * acknowledged ones. A segment that failed gets a successor.
   */
  async repair(): Promise<void> {
    const { active } = this;
    if (active.closed && !active.finished) {
      try {
        await active.file.truncate(active.end);
        await active.file.flush();
        active.fileSize = active.end;
      } catch {
        active.finished = true;
      }
      active.closed = false;
    }
    if (active.finished) await this.advance(this.continuation(this.state.snapshot()));
  }

  activate({ segment, file, end, checksum, fileSize }: Born, closed: boolean): void {
    const flushed = { flushedEnd: end, flushedChecksum: checksum };
    this.active = { segment, file, end, checksum, ...flushed, fileSize, finished: false, closed };
  }

  /** Tries to remove what is no longer part of the log. */
  async clean(): Promise<void> {
    const flush = async (): Promise<void> => {
      if (this.active.finished) throw new Error("the active segment has failed");
      await this.active.file.flush();
    };
    try {
      await this.leftovers.remove((name) => this.dead.delete(name), flush);
    } catch {
      this.active.finished = true;
    }
  }

  /**
   * Removes superseded segments, the last one first, and makes each removal durable before the
   * next: what a crash leaves of them is always complete from their first one on, so that their
   * number gives them away when the log is opened.
   */
  async discard(superseded: readonly string[]): Promise<void> {
    this.leftovers.add(...superseded.toReversed().map((name) => ({ name, reuse: false, alone: true })));
    await this.clean();
  }

  /**
   * Removes a segment that could not be created. If it cannot be removed either, it may be found
   * complete one day, and would win over what it continues: then only a later epoch may be written.
   */
  async #bury(name: string, epoch: number): Promise<void> {
    this.files.release(name);
    const active = this.active as Active | undefined;
    const isRemoved = await this.leftovers.tryRemove(name, false);
    try {
      if (isRemoved && active?.finished === false) await active.file.flush();
      if (isRemoved) return;
    } catch {
      // Its removal is not durable.
    }
    this.epoch = epoch;
    if (active !== undefined) active.finished = true;
    if (isRemoved) return;
    this.dead.add(name);
    this.leftovers.add({ name, reuse: false, alone: false });
  }

  /** A name that no file has, and the epoch of the segment that is to have it. */
  #nextName({ base, ordinal }: Continuation): { name: string; epoch: number } {
    let epoch = this.epoch + 1;
    let name = formatSegmentName(base);
    const isTaken = (): boolean => this.dead.has(name) || this.chain.has(name, base);
    if (this.dead.hasBase(base) || this.chain.hasBase(base)) {
      name = formatSegmentName(base, epoch);
      while (isTaken()) name = formatSegmentName(base, ++epoch);
    }
    if (Math.max(epoch, ordinal) <= limit.epoch) return { name, epoch };
    throw new RangeError(`log ${this.identity.label} has used up its segment numbers: copy it to a new log`);
  }

  /** Leaves a seal behind a segment that was rotated, and cuts stale bytes off. */
  async #seal(old: Active): Promise<void> {
    const { base, epoch } = this.active.segment;
    const { flushedEnd, flushedChecksum } = old;
    const seal = { kind: "seal", base, epoch } as const;
    const { bytes } = noteOf(seal, old, flushedEnd, flushedChecksum, base, this.storage.now());
    try {
      assertWhole(await old.file.write(bytes, flushedEnd), bytes.length);
      const end = flushedEnd + bytes.length;
      if (old.fileSize > end) await old.file.truncate(end);
      const entry = this.chain.at(this.chain.indexOf(old.segment.base))!;
      entry.isHealthy = true;
    } catch {
      // Without it the log is as safe as with it, but the file is not to be recycled.
    }
  }
}
