/**
 * The live segments of a log in the order of their offsets. Every segment but the last ends where
 * the link of its successor says, so a segment is only ever described together with its successor.
 */
import { WalError } from "../errors.ts";
import type { Link } from "../format/control.ts";
import type { Files } from "./files.ts";
import { type ChainEntry, links } from "./recovery.ts";
import { type Identity, readBornSegment, type Segment, withoutProducers } from "./segment.ts";

export class Chain {
  readonly #files: Files;
  readonly #identity: Identity;
  #entries: ChainEntry[];
  /** Changes whenever the segments do. */
  version = 0;

  constructor(files: Files, identity: Identity, entries: ChainEntry[]) {
    this.#files = files;
    this.#identity = identity;
    this.#entries = entries;
    for (const entry of entries) entry.segment &&= withoutProducers(entry.segment);
  }

  get length(): number {
    return this.#entries.length;
  }

  get last(): ChainEntry | undefined {
    return this.#entries[this.#entries.length - 1];
  }

  at(index: number): ChainEntry | undefined {
    return this.#entries[index];
  }

  has(name: string, base: number): boolean {
    return this.#entries[this.indexOf(base)]?.name === name;
  }

  hasBase(base: number): boolean {
    return this.#entries[this.indexOf(base)]?.base === base;
  }

  /** The index of the segment that holds `offset`, or would hold it. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.base <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The segment at `index`, without its producers. */
  async load(index: number): Promise<Segment> {
    const entry = this.#entries[index]!;
    return (entry.segment ??= withoutProducers(
      await readBornSegment(this.#files, entry.name, this.#identity),
    ));
  }

  /** Where the segment at `index`, which is not the last, ends. */
  async endOf(index: number): Promise<Link> {
    const previous = await this.load(index);
    const successor = await this.load(index + 1);
    const link = successor.start.link;
    if (link !== undefined && links(link, previous)) return link;
    throw new WalError(
      "CORRUPT",
      `cannot read log ${this.#identity.label}: segment ${successor.name} does not continue ${previous.name}; ` +
        "a segment between them is missing",
      {
        log: this.#identity.label,
        segment: successor.name,
        first: link === undefined ? previous.base : link.base,
        next: successor.base,
      },
    );
  }

  push(segment: Segment): void {
    this.version++;
    const { name, base } = segment;
    this.#entries.push({ name, base, segment: withoutProducers(segment) });
  }

  /** Drops the segments before `index`, and answers them. */
  dropBefore(index: number): ChainEntry[] {
    return this.#replace(this.#entries.slice(index), this.#entries.slice(0, index));
  }

  /** Drops the segments from `index` on, and answers them. */
  dropFrom(index: number): ChainEntry[] {
    return this.#replace(this.#entries.slice(0, index), this.#entries.slice(index));
  }

  #replace(kept: ChainEntry[], dropped: ChainEntry[]): ChainEntry[] {
    this.#entries = kept;
    if (dropped.length > 0) this.version++;
    return dropped;
  }
}
