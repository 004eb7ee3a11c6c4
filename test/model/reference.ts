/**
 * What a log is, without any file: an array of records, the first of which may be gone. The random runs
 * compare the real one with it.
 */
import type { RecordInput } from "../../src/index.ts";
import { expectedLine } from "../support/content.ts";

interface Entry {
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

  add(record: RecordInput, now: number): number {
    const offset = this.next;
    const timestamp = record.timestamp ?? now;
    this.#entries.push({ line: expectedLine(record, offset, timestamp), timestamp, appended: now });
    return offset;
  }

  /** Everything is durable. */
  flush(): void {
    this.durable = this.next;
    this.written = this.next;
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
