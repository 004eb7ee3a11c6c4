/**
 * What an outbox gave up, in a log of its own: nothing that was pushed is dropped without being here
 * first. Letters stay until somebody retries or drops them.
 */
import type { LogRecord, RecordInput } from "../index.ts";
import type { OutboxRecord } from "./journal.ts";
import { Ledger, type LedgerOptions } from "./ledger.ts";
import { bytesOf, reservedPrefix, withoutReserved } from "./stored.ts";
import { textOf } from "./text.ts";
import type { ResponseNote } from "./verdict.ts";

const letterHeader = `${reservedPrefix}letter`;

/** Why a record was given up. */
export interface Note {
  /** The id that it was delivered with. */
  readonly id: string;
  /** `refused`: the other side will never take it. `expired`: it was older than `maxAgeMs`. `budget`: there was no room. */
  readonly cause: "refused" | "expired" | "budget";
  readonly reason: string;
  /** How often it was delivered since the outbox was opened. */
  readonly attempts: number;
  /** When it was given up, in milliseconds since 1970. */
  readonly time: number;
  readonly response?: ResponseNote | undefined;
}

export interface DeadLetter extends Note {
  /** Names the letter for `retry` and `drop`. */
  readonly offset: number;
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, Uint8Array>>;
  readonly timestamp: number;
}

export class DeadLetters {
  readonly #ledger: Ledger;
  readonly #push: (record: RecordInput, letter: number) => Promise<unknown>;
  readonly #changed: () => void;
  /** The ids of the letters, by offset. */
  readonly #letters: Map<number, string>;

  private constructor(
    ledger: Ledger,
    letters: Map<number, string>,
    push: (record: RecordInput, letter: number) => Promise<unknown>,
    changed: () => void,
  ) {
    this.#ledger = ledger;
    this.#letters = letters;
    this.#push = push;
    this.#changed = changed;
  }

  /** `push` puts a record back into the queue. */
  static async open(
    options: Omit<LedgerOptions, "about">,
    push: (record: RecordInput, letter: number) => Promise<unknown>,
    changed: () => void,
  ): Promise<DeadLetters> {
    const { ledger, entries } = await Ledger.open({ ...options, about: nothing }, (record) => {
      return [record.offset, noteOf(record).id] as const;
    });
    return new DeadLetters(ledger, new Map(entries), push, changed);
  }

  /** How many there are. */
  get count(): number {
    return this.#letters.size;
  }

  /** The ids of all letters. */
  get ids(): ReadonlySet<string> {
    return new Set(this.#letters.values());
  }

  /** Offsets of letters that are no more, and may be there again behind a crash. */
  get unwritten(): ReadonlySet<number> {
    return this.#ledger.unwritten;
  }

  /** All letters, the oldest first. */
  async *list(): AsyncGenerator<DeadLetter, void, void> {
    for (const offset of this.#letters.keys()) {
      const [record] = await this.#ledger.read([offset]);
      if (record !== undefined) yield letterOf(record);
    }
  }

  /** Each letter as a line of JSON, with keys, values and headers as text. Bytes that are no text suffer. */
  async *export(): AsyncGenerator<string, void, void> {
    for await (const { key, value, headers, ...rest } of this.list()) {
      const named = Object.entries(headers).map(([name, each]) => [name, textOf(each)]);
      const texts = { key: key && textOf(key), value: textOf(value), headers: Object.fromEntries(named) };
      yield `${JSON.stringify({ ...rest, ...texts })}\n`;
    }
  }

  /** Pushes a letter again, as a new record, and drops it here. Answers whether there was one. */
  async retry(offset: number): Promise<boolean> {
    if (!this.#letters.has(offset)) return false;
    const [record] = await this.#ledger.read([offset]);
    const { key, value, headers, timestamp } = letterOf(record!);
    const id = this.#letters.get(offset)!;
    // Taken away first, so that nobody else retries it meanwhile.
    this.#letters.delete(offset);
    try {
      await this.#push({ ...(key && { key }), value, headers, timestamp }, offset);
    } catch (error) {
      this.#letters.set(offset, id);
      throw error;
    }
    await this.#settle([offset]);
    return true;
  }

  /** Removes a letter for good. Answers whether there was one. */
  async drop(offset: number): Promise<boolean> {
    if (!this.#letters.delete(offset)) return false;
    await this.#settle([offset]);
    return true;
  }

  /** Takes a record in, durably. It can be seen, retried and dropped once it is revealed. */
  async bury({ key, value, headers, timestamp }: OutboxRecord, note: Note): Promise<DeadLetter> {
    const content = { value, headers: { ...headers, [letterHeader]: JSON.stringify(note) }, timestamp };
    const record = key === undefined ? content : { ...content, key };
    const { offset } = await this.#ledger.append(record, bytesOf(record));
    return { ...note, offset, key, value, headers, timestamp };
  }

  /** The letter is all there is left of its record. */
  reveal({ offset, id }: DeadLetter): void {
    this.#letters.set(offset, id);
  }

  /** Letters that have been pushed again. For the outbox itself. */
  async settle(offsets: readonly number[]): Promise<void> {
    const there = offsets.filter((offset) => this.#letters.delete(offset));
    if (there.length > 0) await this.#settle(there);
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  async #settle(offsets: readonly number[]): Promise<void> {
    this.#ledger.settle(offsets);
    this.#changed();
    await this.#ledger.written();
  }
}

/** A letter tells everything by itself. */
const nothing = (): object => ({});

function noteOf(record: LogRecord): Note {
  return JSON.parse(textOf(record.headers[letterHeader]!)) as Note;
}

function letterOf(record: LogRecord): DeadLetter {
  const { offset, key, value, headers, timestamp } = record;
  return { ...noteOf(record), offset, key, value, headers: withoutReserved(headers), timestamp };
}
