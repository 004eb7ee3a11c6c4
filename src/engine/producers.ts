/**
 * Which producers have written what, so that a record that is sent twice is stored once. It holds
 * what is durable, and besides it what is on its way; when a flush fails, the latter is dropped.
 */
import { WalError } from "../errors.ts";
import type { ProducerRun, ProducerState } from "../format/control.ts";
import type { Producer } from "../record.ts";

/** How many runs of a producer are remembered. */
const runsMax = 8;

interface Entry {
  readonly epoch: number;
  readonly runs: readonly ProducerRun[];
}

export class ProducerTable {
  readonly #max: number;
  /** In the order of their last use. */
  #durable = new Map<string, Entry>();
  readonly #pending = new Map<string, Entry>();

  constructor(max: number, states: readonly ProducerState[] = []) {
    this.#max = max;
    this.reset(states);
  }

  /** Forgets everything and begins with `states`. */
  reset(states: readonly ProducerState[]): void {
    this.#pending.clear();
    const latest = states.slice(-this.#max);
    this.#durable = new Map(latest.map(({ id, epoch, runs }) => [id, { epoch, runs }]));
  }

  /**
   * How many of `count` records, of which `producer` names the first, are new. Answers the offsets
   * of those that are not. Throws `FENCED`, or `DUPLICATE` where an offset is not remembered.
   */
  admit(producer: Producer, count: number): number[] {
    const entry = this.#find(producer.id);
    if (entry === undefined || producer.epoch > entry.epoch) return [];
    if (producer.epoch < entry.epoch) throw fenced(producer, entry.epoch);
    const known = Math.min(count, Math.max(0, nextSequence(entry) - producer.sequence));
    return Array.from({ length: known }, (_, index) => offsetOf(entry, producer, producer.sequence + index));
  }

  /** Takes note of records that are on their way. */
  stage(producer: Producer, offset: number, count: number): void {
    this.#pending.set(producer.id, extended(this.#find(producer.id), producer, offset, count));
  }

  /** Takes note of records that are durable. A run that is known already changes nothing. */
  apply(producer: Producer, offset: number, count: number): void {
    const entry = this.#durable.get(producer.id);
    const durable = extended(entry, producer, offset, count);
    this.#durable.delete(producer.id);
    this.#durable.set(producer.id, durable);
    const pending = this.#pending.get(producer.id);
    if (pending !== undefined && endsAlike(pending, durable)) this.#pending.delete(producer.id);
    if (this.#durable.size <= this.#max) return;
    for (const oldest of this.#durable.keys()) {
      this.#durable.delete(oldest);
      return;
    }
  }

  /** Forgets what was on its way: it never becomes durable. */
  dropPending(): void {
    this.#pending.clear();
  }

  /** What is durable, as it is written into a start or close batch. */
  states(): ProducerState[] {
    return Array.from(this.#durable, ([id, entry]) => ({ id, ...entry }));
  }

  #find(id: string): Entry | undefined {
    return this.#pending.get(id) ?? this.#durable.get(id);
  }
}

/** The states without the runs, or parts of runs, that lie at `next` or behind. */
export function statesBefore(states: readonly ProducerState[], next: number): ProducerState[] {
  return states.flatMap(({ id, epoch, runs }) => {
    const kept = runs
      .filter((run) => run.offset < next)
      .map((run) => ({ ...run, count: Math.min(run.count, next - run.offset) }));
    return kept.length === 0 ? [] : [{ id, epoch, runs: kept }];
  });
}

function extended(entry: Entry | undefined, producer: Producer, offset: number, count: number): Entry {
  const run = { sequence: producer.sequence, offset, count };
  if (entry === undefined || producer.epoch > entry.epoch) return { epoch: producer.epoch, runs: [run] };
  const latest = entry.runs[entry.runs.length - 1]!;
  const known = producer.epoch < entry.epoch || run.sequence < nextSequence(entry);
  if (known) return entry;
  const continues = run.sequence === nextSequence(entry) && run.offset === latest.offset + latest.count;
  const runs = continues
    ? [...entry.runs.slice(0, -1), { ...latest, count: latest.count + count }]
    : [...entry.runs, run].slice(-runsMax);
  return { epoch: entry.epoch, runs };
}

function endsAlike(a: Entry, b: Entry): boolean {
  return a.epoch === b.epoch && nextSequence(a) === nextSequence(b);
}

/** The sequence behind the last one. */
function nextSequence({ runs }: Entry): number {
  const latest = runs[runs.length - 1]!;
  return latest.sequence + latest.count;
}

function offsetOf(entry: Entry, producer: Producer, sequence: number): number {
  const run = entry.runs.find((each) => sequence >= each.sequence && sequence < each.sequence + each.count);
  if (run !== undefined) return run.offset + sequence - run.sequence;
  throw new WalError(
    "DUPLICATE",
    `cannot append sequence ${sequence} of producer ${producer.id}: a later one was written before, ` +
      "and whether this one was is no longer remembered. The sequences of a producer must grow.",
  );
}

function fenced(producer: Producer, epoch: number): WalError {
  return new WalError(
    "FENCED",
    `cannot append for epoch ${producer.epoch} of producer ${producer.id}: its epoch ${epoch} has written. ` +
      "A later incarnation has taken over; this one must stop.",
  );
}
