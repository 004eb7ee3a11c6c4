/** The bytes of a whole log, read through the seam while somebody may be writing, and kept as long as the log keeps them. */
import type { Place, StoredFile } from "../../src/storage.ts";
import { parseSegmentName } from "../../src/format/names.ts";
import { type Item, type Range, SegmentBytes } from "./segment-bytes.ts";

/** No segment of the demo is longer. */
const segmentBytesMax = 8 * 2 ** 20;

export interface Source {
  /** The place, opened for reading; `undefined` where there is none. */
  open(): Promise<Place | undefined>;
  /** The handle of the writer, while it has one. */
  handle(name: string): StoredFile | undefined;
}

export class LogBytes {
  readonly #source: Source;
  readonly #segments = new Map<string, SegmentBytes>();
  /** Files that were written to since they were read, and up to where. */
  readonly #touched = new Map<string, number>();
  readonly #settled: Range[] = [];

  constructor(source: Source) {
    this.#source = source;
  }

  /** In the order of offsets, the oldest first. */
  get segments(): SegmentBytes[] {
    return [...this.#segments.values()].toSorted(
      (a, b) => a.base - b.base || (a.epoch ?? 0) - (b.epoch ?? 0),
    );
  }

  get bytes(): number {
    return this.segments.reduce((sum, { end }) => sum + end, 0);
  }

  get isStale(): boolean {
    return this.#touched.size > 0;
  }

  touched(name: string, end: number): void {
    if (parseSegmentName(name) !== undefined)
      this.#touched.set(name, Math.max(end, this.#touched.get(name) ?? 0));
  }

  /** A new segment is flushed before anybody has read it. */
  flushed(name: string, end: number): void {
    if (parseSegmentName(name) === undefined) return;
    const segment = this.#segmentOf(name);
    segment.flushed = Math.max(segment.flushed, end);
  }

  removed(name: string): void {
    this.#segments.delete(name);
    this.#touched.delete(name);
  }

  /** Reads all there is. */
  async load(): Promise<void> {
    const place = await this.#source.open();
    if (place === undefined) return;
    try {
      for (const name of await place.list()) {
        if (parseSegmentName(name) === undefined) continue;
        const file = this.#source.handle(name) ?? (await place.open(name));
        await this.#read(this.#segmentOf(name), file, Math.min(await file.size(), segmentBytesMax), 0);
      }
    } finally {
      await place.close();
    }
    this.#finish();
  }

  /** Reads what was written since. */
  async refresh(): Promise<void> {
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const [name, end] of touched) {
      const file = this.#source.handle(name);
      const segment = this.#segmentOf(name);
      try {
        // The end of a closed log is written over when it goes on.
        if (file !== undefined) await this.#read(segment, file, end, Math.min(segment.end, end));
      } catch {
        // Whoever wrote it is gone. Somebody will load everything anew.
      }
    }
    this.#finish();
  }

  async #read(segment: SegmentBytes, file: StoredFile, end: number, from: number): Promise<void> {
    const target = new Uint8Array(Math.max(0, end - from));
    if (target.length === 0) return;
    const count = await file.read(target, from);
    segment.put(from, target.subarray(0, count));
  }

  #segmentOf(name: string): SegmentBytes {
    let segment = this.#segments.get(name);
    if (segment === undefined) this.#segments.set(name, (segment = new SegmentBytes(name)));
    return segment;
  }

  #finish(): void {
    const { segments } = this;
    for (const segment of segments) segment.parse();
    this.#link(segments);
    for (const segment of segments) this.#settled.push(...segment.takeSettled());
    this.#settle(segments);
  }

  /** What a segment says of the end of the one before it shows what of that one is replaced. */
  #link(segments: readonly SegmentBytes[]): void {
    for (const { start } of segments) {
      const link = start?.link;
      if (link === undefined) continue;
      const linked = segments.find(({ base, epoch }) => base === link.base && epoch === link.epoch);
      if (linked === undefined || linked.linkEnd === link.end) continue;
      linked.linkEnd = link.end;
      linked.items = linked.items.map((item) =>
        isReplaced(item, link.end) ? { ...item, kind: "superseded" } : item,
      );
    }
  }

  /** Counts for each batch of orders how many of them are delivered. */
  #settle(segments: readonly SegmentBytes[]): void {
    const first = segments[0]?.base ?? 0;
    const known = this.#settled.filter(([, next]) => next > first);
    this.#settled.splice(0, this.#settled.length, ...merged(known));
    for (const segment of segments) {
      for (const item of segment.items) {
        if (item.kind === "records" && item.settled < item.orders) item.settled = this.#settledIn(item);
      }
    }
  }

  #settledIn({ header, orders }: Item): number {
    if (header === undefined) return 0;
    const end = header.baseOffset + header.count;
    let count = 0;
    for (const [first, next] of this.#settled) {
      count += Math.max(0, Math.min(next, end) - Math.max(first, header.baseOffset));
    }
    return Math.min(count, orders);
  }
}

function isReplaced({ kind, from }: Item, end: number): boolean {
  return from >= end && (kind === "records" || kind === "cursor");
}

function merged(ranges: readonly Range[]): Range[] {
  const result: [number, number][] = [];
  for (const [first, next] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last !== undefined && first <= last[1]) last[1] = Math.max(last[1], next);
    else result.push([first, next]);
  }
  return result;
}
