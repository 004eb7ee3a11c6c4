/**
 * Which records may travel now. A lane is a line of records that keep their order: at most one delivery of
 * it is on its way. This file knows no clock, log or network.
 */

/** A record that waits, or is on its way. Its content is in the log. */
export interface Entry {
  readonly offset: number;
  /** Who it is to the other side: lane and sequence never change. */
  readonly lane: number;
  readonly sequence: number;
  /** The key as text; nothing without one. */
  readonly key: string | undefined;
  /** When, in milliseconds since 1970. */
  readonly pushed: number;
  readonly bytes: number;
  /** How often it was delivered since the outbox was opened. */
  attempts: number;
}

export type Order = "strict" | "key" | "none";

export interface LaneOptions {
  readonly order: Order;
  /** Whether a delivery holds successive sequences of one lane, and a lane keeps to its sequence. */
  readonly inSequence: boolean;
  readonly batchRecordsMax: number;
  readonly batchBytesMax: number;
}

interface Lane {
  readonly name: string;
  entries: Entry[];
  isBusy: boolean;
  /** It waits until then. */
  notBefore: number;
  /** How large a delivery may be that it takes part in. */
  recordsMax: number;
}

/** What became of the entries of a delivery. */
export interface Outcome {
  /** Those that are gone. */
  readonly settled: ReadonlySet<Entry>;
  /** When the rest may travel again, and how large the next delivery may be. Without it, as before. */
  readonly next?: { readonly notBefore: number; readonly recordsMax: number };
}

export class Lanes {
  readonly #options: LaneOptions;
  /** In the order in which they get their turn. None is empty. */
  readonly #lanes = new Map<string, Lane>();
  count = 0;
  bytes = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  add(entry: Entry): void {
    const name = this.#nameOf(entry);
    const lane = this.#lanes.get(name);
    if (lane !== undefined) lane.entries.push(entry);
    else {
      const fresh = { name, entries: [entry], isBusy: false, notBefore: 0, recordsMax: Infinity };
      this.#lanes.set(name, fresh);
    }
    this.count++;
    this.bytes += entry.bytes;
  }

  /** The next delivery, in the order of offsets. Its lanes are busy until it is released. */
  take(now: number): Entry[] {
    const { inSequence, batchRecordsMax, batchBytesMax } = this.#options;
    const taken: Entry[] = [];
    let bytes = 0;
    let max = batchRecordsMax;
    for (const lane of this.#lanes.values()) {
      if (lane.isBusy || lane.notBefore > now || taken.length >= lane.recordsMax) continue;
      max = Math.min(max, lane.recordsMax);
      for (const entry of lane.entries) {
        if (taken.length > 0 && bytes + entry.bytes > batchBytesMax) max = taken.length;
        if (taken.length >= max || (inSequence && !follows(entry, taken.at(-1)))) break;
        lane.isBusy = true;
        taken.push(entry);
        bytes += entry.bytes;
      }
      if (inSequence || taken.length >= max) break;
    }
    return taken.toSorted((a, b) => a.offset - b.offset);
  }

  /** Takes `entries` for something else than a delivery, if none of their lanes is busy. */
  hold(entries: readonly Entry[]): boolean {
    const lanes = this.#lanesOf(entries);
    if (lanes.some((lane) => lane.isBusy)) return false;
    for (const lane of lanes) lane.isBusy = true;
    return true;
  }

  /** What was taken or held is over. Whatever is left of a lane goes to the end of the line. */
  release(entries: readonly Entry[], { settled, next }: Outcome): void {
    for (const lane of this.#lanesOf(entries)) {
      lane.entries = without(lane.entries, settled);
      lane.isBusy = false;
      if (next !== undefined) Object.assign(lane, next);
      this.#lanes.delete(lane.name);
      if (lane.entries.length > 0) this.#lanes.set(lane.name, lane);
    }
    for (const { bytes } of settled) {
      this.count--;
      this.bytes -= bytes;
    }
  }

  /** Nothing has to wait for its time any more. */
  wake(): void {
    for (const lane of this.#lanes.values()) lane.notBefore = 0;
  }

  /** When the first lane that waits for its time may travel. */
  nextTime(): number {
    let next = Infinity;
    for (const lane of this.#lanes.values()) if (!lane.isBusy) next = Math.min(next, lane.notBefore);
    return next;
  }

  /** When the oldest record was pushed that is not on its way. */
  oldest(): number {
    let oldest = Infinity;
    for (const { isBusy, entries } of this.#lanes.values()) {
      if (!isBusy) oldest = Math.min(oldest, entries[0]!.pushed);
    }
    return oldest;
  }

  /** What could be given up now, the oldest first. */
  idle(): Entry[] {
    const lanes = [...this.#lanes.values()].filter((lane) => !lane.isBusy);
    return lanes.flatMap((lane) => lane.entries).toSorted((a, b) => a.offset - b.offset);
  }

  #lanesOf(entries: readonly Entry[]): Lane[] {
    const names = new Set(entries.map((entry) => this.#nameOf(entry)));
    return Array.from(names, (name) => this.#lanes.get(name)).filter((lane) => lane !== undefined);
  }

  #nameOf({ lane, key, offset }: Entry): string {
    const { order, inSequence } = this.#options;
    if (order === "strict") return "";
    if (inSequence) return String(lane);
    return order === "key" && key !== undefined ? `key ${key}` : `offset ${offset}`;
  }
}

/** As a rule, what is settled stands in front. */
function without(entries: Entry[], settled: ReadonlySet<Entry>): Entry[] {
  const kept = entries.findIndex((entry) => !settled.has(entry));
  if (kept < 0) return [];
  entries.splice(0, kept);
  return settled.size > kept ? entries.filter((entry) => !settled.has(entry)) : entries;
}

function follows(entry: Entry, last: Entry | undefined): boolean {
  return last === undefined || (entry.lane === last.lane && entry.sequence === last.sequence + 1);
}
