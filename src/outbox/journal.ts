/**
 * The queue on disk: pushed records, each with the number by which the other side knows it, and who this
 * outbox is. It does not know when a record is delivered.
 */
import { type Ack, type LogRecord, type RecordInput, WalError } from "../index.ts";
import { type Entry, type Order } from "./lanes.ts";
import { Ledger, type LedgerOptions } from "./ledger.ts";
import { bytesOf, entryOf, type Numbered, numberOf, stored, withoutReserved } from "./stored.ts";
import { textOf } from "./text.ts";

/** Over how many lanes keys are spread. Records keep their lane, so this never changes. */
const lanesMax = 8;

/** Room for about so many pushes a millisecond, see {@link Journal.open}. */
const numbersPerMs = 1024;

/** Who an outbox is to the other side. */
export interface Identity {
  /** Drawn when the outbox was made, and never changed. */
  readonly id: string;
  /** Counts how often it was opened. */
  readonly incarnation: number;
}

/** A record as it is delivered. */
export interface OutboxRecord {
  /** The same in every attempt, and of no other record: an idempotency key. */
  readonly id: string;
  readonly lane: number;
  readonly sequence: number;
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, Uint8Array>>;
  readonly timestamp: number;
}

/** What every cursor tells. */
interface About extends Identity {
  /** All sequences that were given are below this. */
  readonly next: number;
}

export interface JournalOptions extends Omit<LedgerOptions, "about"> {
  readonly order: Order;
}

export interface Opened {
  readonly journal: Journal;
  readonly entries: Entry[];
  /** Offsets of dead letters that have been pushed again. */
  readonly letters: number[];
}

export class Journal {
  readonly identity: Identity;
  readonly #ledger: Ledger;
  readonly #order: Order;
  readonly #now: () => number;
  /** The next sequence of each lane. */
  readonly #next: number[];
  /** Ids of records that were rejected since one was taken, behind which they cannot come back any more. */
  readonly rejected = new Set<string>();
  #pushes = 0;
  #isNoted = false;

  private constructor(identity: Identity, ledger: Ledger, next: number[], options: JournalOptions) {
    this.identity = identity;
    this.#ledger = ledger;
    this.#next = next;
    this.#order = options.order;
    this.#now = () => options.log.storage.now();
  }

  /**
   * Opens the queue, and leaves behind durably that it was, before anything can be delivered. Numbers begin at the clock: should the
   * storage have lost records that were delivered already, new ones are not taken for them.
   */
  static async open(options: JournalOptions): Promise<Opened> {
    const { storage } = options.log;
    let next = storage.now() * numbersPerMs;
    let identity: Identity = { id: options.clockwork.newId(), incarnation: 1 };
    const about = (): About => ({ ...identity, next: Math.max(...numbers) });
    const numbers: number[] = [];
    const found = await Ledger.open({ ...options, about }, decoded);
    const { ledger, entries } = found;
    const last = found.about as About | undefined;
    if (last !== undefined) {
      identity = { id: last.id, incarnation: last.incarnation + 1 };
      next = Math.max(next, last.next);
    }
    for (const { entry } of entries) next = Math.max(next, entry.sequence + 1);
    for (let lane = 0; lane < lanesMax; lane++) numbers.push(next);
    const journal = new Journal(identity, ledger, numbers, options);
    try {
      if (entries.length > 0) await journal.#note();
    } catch (error) {
      await ledger.close().catch(() => undefined);
      throw error;
    }
    return {
      journal,
      entries: entries.map(({ entry }) => entry),
      letters: entries.flatMap(({ number }) => number.letter ?? []),
    };
  }

  get partition(): number {
    return this.#ledger.partition;
  }

  /** Whether what is settled cannot be written at the moment. */
  get isFailing(): boolean {
    return this.#ledger.failing;
  }

  /** Makes a record durable. Records get their numbers in the order of the calls. */
  async push(record: RecordInput, letter?: number): Promise<{ entry: Entry; ack: Ack }> {
    const key = typeof record.key === "object" ? textOf(record.key) : record.key;
    const lane = this.#laneOf(key);
    const pushed = this.#now();
    const number = { lane, sequence: this.#next[lane]!++, pushed, letter };
    const bytes = bytesOf(record);
    // Appended first, it is durable when the record is, and what fails it fails the record as well.
    if (!this.#isNoted) void this.#note().catch(() => undefined);
    const ack = await this.#ledger.append(stored(record, number), bytes).catch((error: unknown) => {
      this.rejected.add(this.idOf(number));
      throw error;
    });
    this.rejected.clear();
    const { offset } = ack;
    const entry = { offset, key, bytes, pushed, lane, sequence: number.sequence, attempts: 0 };
    return { entry, ack };
  }

  /** What the entries hold, which are in the order of their offsets. */
  async read(entries: readonly Entry[]): Promise<OutboxRecord[]> {
    const records = await this.#ledger.read(entries.map(({ offset }) => offset));
    return records.map((record, index) => {
      const { lane, sequence } = entries[index]!;
      const { key, value, headers, timestamp } = record;
      const id = this.idOf(entries[index]!);
      return { id, lane, sequence, key, value, headers: withoutReserved(headers), timestamp };
    });
  }

  idOf({ lane, sequence }: Pick<Entry, "lane" | "sequence">): string {
    return `${this.identity.id}-${lane}-${sequence}`;
  }

  settle(entries: readonly Entry[]): void {
    this.#ledger.settle(entries.map(({ offset }) => offset));
  }

  /** Offsets of records that are settled, and may be there again behind a crash. */
  get unwritten(): ReadonlySet<number> {
    return this.#ledger.unwritten;
  }

  /** Resolves when everything that was settled is so for good. */
  written(): Promise<void> {
    return this.#ledger.written();
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  /** Leaves behind that the outbox was opened, and by whom. */
  async #note(): Promise<void> {
    this.#isNoted = true;
    try {
      await this.#ledger.note();
    } catch (error) {
      this.#isNoted = false;
      throw error;
    }
  }

  #laneOf(key: string | undefined): number {
    if (this.#order === "strict") return 0;
    const spread = this.#order === "key" && key !== undefined ? hashOf(key) : this.#pushes++;
    return spread % lanesMax;
  }
}

function decoded(record: LogRecord): { entry: Entry; number: Numbered } {
  const number = numberOf(record);
  if (number !== undefined) return { entry: entryOf(record, number), number };
  throw new WalError("FORMAT", `cannot open an outbox: the record at offset ${record.offset} has no number`);
}

/** FNV-1a over the code units. Keys keep their lane, so this never changes. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
