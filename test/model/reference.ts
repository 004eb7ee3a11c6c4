/**
 * What a log is, without any file: an array of records, the first of which may be gone. The random runs
 * compare the real one with it.
 */
import type { RecordInput } from "../../src/index.ts";
import { expectedLine } from "../support/content.ts";

export interface Entry {
  readonly offset: number;
  readonly line: string;
  readonly timestamp: number;
  /** When it was appended, by the machine's clock. */
  readonly appended: number;
}

export class Reference {
  first = 0;
  /** Everything before this was told to be durable, or to have survived a crash. */
  durable = 0;
  /** Everything before this survives the death of the process. */
  written = 0;
  /** By offset, those that are gone included. */
  #entries: Entry[] = [];

  get next(): number {
    return this.#entries.length;
  }

  add(record: RecordInput, now: number): Entry {
    const offset = this.next;
    const timestamp = record.timestamp ?? now;
    const entry = { offset, line: expectedLine(record, offset, timestamp), timestamp, appended: now };
    this.#entries.push(entry);
    return entry;
  }

  /** Whether it has not been truncated away at the end since it was added. */
  has(entry: Entry): boolean {
    return this.#entries[entry.offset] === entry;
  }

  get last(): Entry | undefined {
    return this.#entries.at(-1);
  }

  /** Everything up to `entry`, if it is still there, is durable. Without one nothing is said. */
  flush(entry: Entry | undefined): void {
    if (entry === undefined || !this.has(entry)) return;
    this.durable = Math.max(this.durable, entry.offset + 1);
    this.write(entry);
  }

  /** Everything up to `entry`, if it is still there, survives the death of the process. */
  write(entry: Entry): void {
    if (this.has(entry)) this.written = Math.max(this.written, entry.offset + 1);
  }

  /** The log now ends at `next`. */
  end(next: number): void {
    this.#entries.length = next;
    this.durable = Math.min(this.durable, next);
    this.written = Math.min(this.written, next);
  }

  lines(from: number, to: number): string[] {
    return this.#entries.slice(from, to).map(({ line }) => line);
  }

  timestamp(offset: number): number {
    return this.#entries[offset]!.timestamp;
  }

  appended(offset: number): number {
    return this.#entries[offset]!.appended;
  }

  /** The first of the records before `end` whose timestamp is not before `timestamp`, or `end`. */
  offsetAt(timestamp: number, end: number): number {
    for (let offset = this.first; offset < end; offset++) {
      if (this.timestamp(offset) >= timestamp) return offset;
    }
    return end;
  }
}
