/**
 * Reads one segment from end to end and checks every byte of it that is part of the log. It goes on behind
 * damage, collects evidence, and says of each damage where it is and what may have happened.
 */
import type { BatchHeader } from "../format/batch-header.ts";
import { attribute, batchHeader } from "../format/layout.ts";
import { WalError } from "../errors.ts";
import { type Damage, diagnose } from "./diagnosis.ts";
import type { Files } from "./files.ts";
import { headersOf, highestWatermark, isZeroBetween } from "./headers.ts";
import { nextBatch } from "./next-batch.ts";
import { controlOf, recordsOf } from "./state.ts";
import type { LivePart } from "./survey.ts";
import type { Evidence } from "./verdict.ts";
import { type Boundary, type Stop, type WalkedBatch, Walker } from "./walker.ts";

/** Records that were written and are not part of the log: a later epoch has taken their offsets. */
export interface Replaced {
  readonly position: number;
  readonly first: number;
  readonly next: number;
}

export interface Inspection {
  readonly evidence: Evidence;
  readonly damages: readonly Damage[];
  readonly replaced: Replaced | undefined;
  readonly fileEnd: number;
  /** The offset behind the last record that could be read. */
  readonly next: number;
  readonly batches: number;
  /** Those that are part of the log. */
  readonly records: number;
  /** Whether a close batch ends it. */
  readonly closed: boolean;
}

export interface InspectOptions {
  /** The first offset of the log. */
  readonly first: number;
  /** What is vouched for besides by the segment itself. */
  readonly vouchedEnd: number;
  /** Called after each batch with how many bytes were checked since the last call. */
  readonly advance: (bytes: number) => void | Promise<void>;
}

/** Never throws for what is wrong with the segment. */
export async function inspect(files: Files, part: LivePart, options: InspectOptions): Promise<Inspection> {
  const inspector = new Inspector(files, part, options);
  try {
    await inspector.run();
  } catch (error) {
    if (!(error instanceof WalError)) throw error;
    inspector.fail(error);
  }
  return inspector.inspection();
}

class Inspector {
  readonly #files: Files;
  readonly #part: LivePart;
  readonly #options: InspectOptions;
  readonly #damages: Damage[] = [];
  #fileEnd = 0;
  #readable = true;
  #closed = false;
  #batches = 0;
  #records = 0;
  #watermark: number;
  #at: Boundary;
  /** Where the valid bytes end that nothing interrupts. */
  #validEnd: number | undefined;
  #rest: Evidence["rest"] = "nothing";
  #replaced: Replaced | undefined;

  constructor(files: Files, part: LivePart, options: InspectOptions) {
    this.#files = files;
    this.#part = part;
    this.#options = options;
    this.#watermark = options.vouchedEnd;
    this.#at = part.segment.begin;
  }

  async run(): Promise<void> {
    const { link, segment } = this.#part;
    this.#fileEnd = await this.#files.size(segment.name);
    const limit = Math.min(link?.end ?? Infinity, this.#fileEnd);
    for (;;) {
      const stop = await this.#walk(limit);
      if (link !== undefined && this.#at.position >= link.end) return this.#checkLink();
      const resumed = await this.#findNext(limit);
      const isLast = resumed === undefined && link === undefined;
      if (isLast && (await this.#isClean(stop))) return undefined;
      if (this.#validEnd === undefined && link === undefined) await this.#findWatermark();
      // A writer may have been here since: only what is still not valid after all that was seen behind it counts.
      const { position } = this.#at;
      await this.#walk(limit);
      if (this.#at.position > position) continue;
      if (this.#validEnd === undefined) {
        this.#validEnd = position;
        this.#rest = "damaged";
      }
      await this.#explain(limit, resumed?.offset);
      if (resumed === undefined) return undefined;
      this.#at = resumed;
    }
  }

  /** Reading failed, or what was read cannot be understood. */
  fail(error: WalError): void {
    this.#readable = error.code === "CORRUPT";
    this.#validEnd ??= this.#at.position;
    const { position, offset: first } = this.#at;
    const reason = error.message;
    this.#damages.push({ position, first, next: this.#part.next, reason, flipped: undefined });
    // A checksum that is right vouches for bytes that make no sense: a faulty writer made them.
    if (this.#readable) this.#watermark = Math.max(this.#watermark, position + batchHeader.bytes);
  }

  inspection(): Inspection {
    const { link, next } = this.#part;
    return {
      evidence: {
        present: true,
        readable: this.#readable,
        validEnd: this.#validEnd ?? this.#at.position,
        rest: this.#rest,
        // What a rotation leaves behind the end of a segment has replaced nothing.
        fileEnd: link !== undefined && this.#replaced === undefined ? link.end : this.#fileEnd,
        vouchedEnd: link === undefined ? this.#watermark : link.end,
        linkedEnd: link?.end,
      },
      damages: this.#damages,
      replaced: this.#replaced,
      fileEnd: this.#fileEnd,
      next: Math.min(this.#at.offset, next ?? Infinity),
      batches: this.#batches,
      records: this.#records,
      closed: this.#closed,
    };
  }

  /** Through valid batches, to where there is none. */
  async #walk(limit: number): Promise<Stop> {
    const { name, epoch } = this.#part.segment;
    const walker = new Walker(this.#files, { name, epoch, from: this.#at });
    for (;;) {
      const batch = await walker.next(limit);
      if (typeof batch === "string") return batch;
      this.#look(batch);
      const before = this.#at.position;
      this.#at = walker.boundary;
      const pause = this.#options.advance(this.#at.position - before);
      if (pause !== undefined) await pause;
    }
  }

  #look(batch: WalkedBatch): void {
    const { header } = batch;
    this.#closed = false;
    if (header.attributes & attribute.control) {
      const control = controlOf(batch);
      if (control.kind === "close") {
        this.#closed = true;
        this.#watermark = Math.max(this.#watermark, header.position);
      }
    } else {
      const { first } = this.#options;
      const { next = Infinity } = this.#part;
      // Decoding is what checks that the records make sense.
      for (const { offset } of recordsOf(batch)) if (offset >= first && offset < next) this.#records++;
    }
    this.#batches++;
    this.#watermark = Math.max(this.#watermark, header.watermark);
  }

  /** The end of a segment that another one continues. */
  async #checkLink(): Promise<void> {
    const { link, next, segment } = this.#part;
    const { position, offset, checksum } = this.#at;
    this.#replaced = await this.#findReplaced(link!.end);
    if (position === link!.end && checksum === link!.checksum && offset >= next!) return;
    this.#validEnd ??= segment.begin.position;
    const reason = "its bytes are valid, and not those that the next segment continues";
    const place = { position: this.#validEnd, first: segment.base, next };
    this.#damages.push({ ...place, reason, flipped: undefined });
  }

  /** Records of this segment behind its end. A seal lies there as well, and old bytes of a recycled file. */
  async #findReplaced(end: number): Promise<Replaced | undefined> {
    const { name, epoch } = this.#part.segment;
    let replaced: Replaced | undefined;
    for await (const header of headersOf(this.#files, name, { from: end, fileEnd: this.#fileEnd })) {
      if (header.epoch !== epoch || header.count === 0) continue;
      const { position, baseOffset, count } = header;
      const next = Math.max(replaced?.next ?? 0, baseOffset + count);
      replaced = { position: replaced?.position ?? position, first: replaced?.first ?? baseOffset, next };
    }
    return replaced;
  }

  /** The next batch of this segment behind something that is none. */
  #findNext(limit: number): Promise<Boundary | undefined> {
    const { epoch } = this.#part.segment;
    const { position, offset } = this.#at;
    const isOurs = (header: BatchHeader): boolean => header.epoch === epoch && header.baseOffset >= offset;
    const looking = { from: position + batchHeader.alignment, fileEnd: limit };
    return nextBatch(this.#files, this.#part.segment.name, looking, isOurs);
  }

  /** Whether nothing but zeros lies behind the last batch. */
  async #isClean(stop: Stop): Promise<boolean> {
    const { name } = this.#part.segment;
    const isZero =
      stop !== "end" && (await isZeroBetween(this.#files, name, this.#at.position, this.#fileEnd));
    if (isZero && this.#validEnd === undefined) this.#rest = "zeros";
    return stop === "end" || isZero;
  }

  /** What vouches for the damage may lie behind all that can be walked. */
  async #findWatermark(): Promise<void> {
    const { name, epoch } = this.#part.segment;
    const { position: from, offset } = this.#at;
    const isOurs = (header: BatchHeader): boolean => header.epoch === epoch && header.baseOffset >= offset;
    const behind = { from, fileEnd: this.#fileEnd };
    this.#watermark = Math.max(this.#watermark, await highestWatermark(this.#files, name, behind, isOurs));
  }

  async #explain(limit: number, resumed: number | undefined): Promise<void> {
    const { position, offset } = this.#at;
    const { next = this.#part.next, ...found } = await diagnose(this.#files, this.#part.segment, this.#at, {
      fileEnd: this.#fileEnd,
      limit,
    });
    const end = resumed ?? next;
    const first = this.#clamp(offset);
    const behind = end === undefined ? undefined : this.#clamp(end);
    this.#damages.push({ position, first, next: behind, flipped: undefined, ...found });
  }

  /** What lies outside of the log, truncated away or replaced, is not lost. */
  #clamp(offset: number): number {
    return Math.max(this.#options.first, Math.min(offset, this.#part.next ?? Infinity));
  }
}
