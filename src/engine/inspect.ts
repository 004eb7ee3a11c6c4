/**
 * Reads one segment from end to end and checks every byte of it that is part of the log. It goes on behind
 * damage, collects evidence, and says of each damage where it is and what may have happened.
 */
import { type BatchHeader, endOf, readBatchHeader } from "../format/batch-header.ts";
import { flippedBits, flippedHeaderBits } from "../format/flipped-bit.ts";
import { attribute, batchHeader } from "../format/layout.ts";
import { WalError } from "../errors.ts";
import type { Files } from "./files.ts";
import { headersOf, highestWatermark, isZeroBetween } from "./headers.ts";
import { controlOf, recordsOf } from "./state.ts";
import type { LivePart } from "./survey.ts";
import type { Evidence } from "./verdict.ts";
import { type Boundary, type Stop, type WalkedBatch, Walker } from "./walker.ts";

/** A place where something else lies than what the log needs there. */
export interface Damage {
  /** Where in the segment the batch begins that is not as it was written. */
  readonly position: number;
  /** The records that cannot be read because of it. Without `next`, nobody knows how many. */
  readonly first: number;
  readonly next: number | undefined;
  readonly reason: string;
  /** The one bit that would explain it, had it flipped: a byte of the segment, and a bit of it (0 is the lowest). */
  readonly flipped: { readonly position: number; readonly bit: number } | undefined;
}

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
  readonly records: number;
  /** Whether a close batch ends it. */
  readonly closed: boolean;
}

export interface InspectOptions {
  /** What is vouched for besides by the segment itself. */
  readonly vouchedEnd: number;
  /** Called after each batch with how many bytes were checked since the last call. */
  readonly advance: (bytes: number) => void | Promise<void>;
}

const chunkBytes = 1024 * 1024;
/** In more bytes than this, some bit is too likely to fit by chance. */
const searchBytesMax = 16 * 1024 * 1024;

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
    const walker = new Walker(this.#files, { name, epoch, from: this.#at, chunkBytes, keepsChunks: false });
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
      // Decoding is what checks that the records make sense.
      for (const _ of recordsOf(batch)) this.#records++;
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
  async #findNext(limit: number): Promise<Boundary | undefined> {
    const { name, epoch } = this.#part.segment;
    const looking = { from: this.#at.position + batchHeader.alignment, fileEnd: limit };
    for await (const header of headersOf(this.#files, name, looking)) {
      if (header.epoch !== epoch || header.baseOffset < this.#at.offset) continue;
      const { position, baseOffset: offset, previousChecksum: checksum } = header;
      const from = { position, offset, checksum };
      const walker = new Walker(this.#files, { name, epoch, from, chunkBytes: 4096, keepsChunks: false });
      if (typeof (await walker.next(limit)) !== "string") return from;
    }
    return undefined;
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
    const { position, offset: first } = this.#at;
    const { next = this.#part.next, ...found } = await this.#diagnose(limit);
    const behind = resumed ?? next;
    this.#damages.push({ position, first, next: behind, flipped: undefined, ...found });
  }

  /** What is wrong with the batch that should begin here. */
  async #diagnose(limit: number): Promise<{ reason: string; next?: number; flipped?: Damage["flipped"] }> {
    const { segment } = this.#part;
    const { position, offset, checksum } = this.#at;
    const head = new Uint8Array(batchHeader.bytes);
    const count = await this.#files.read(segment.name, head, position);
    if (count === 0) return { reason: "the file ends here" };
    if (head.every((byte) => byte === 0)) return { reason: "there are zeros in place of a batch" };
    if (count < head.length) return { reason: "the header of the batch is cut off by the end of the file" };
    const continues = (header: BatchHeader): boolean =>
      header.epoch === segment.epoch && header.baseOffset === offset && header.previousChecksum === checksum;
    const header = readBatchHeader(new DataView(head.buffer), 0, position);
    if (header === undefined) {
      const bits = flippedHeaderBits(head, position, continues);
      return { reason: "the header of the batch is damaged", flipped: theOnly(bits, position) };
    }
    if (header.epoch !== segment.epoch) {
      return { reason: `there is an old batch of epoch ${header.epoch}, from an earlier use of the file` };
    }
    if (!continues(header)) return { reason: "the batch does not continue the one before it" };
    const next = header.baseOffset + header.count;
    if (endOf(header) > this.#fileEnd) {
      return { reason: "the batch is cut off by the end of the file", next };
    }
    if (endOf(header) > limit) return { reason: "the batch goes on behind the end of the segment", next };
    const reason = "the payload of the batch does not match its checksum";
    if (header.length > searchBytesMax) return { reason, next };
    const payload = new Uint8Array(header.length);
    await this.#files.read(segment.name, payload, position + batchHeader.bytes);
    const bits = flippedBits(new DataView(payload.buffer), 0, payload.length, header.payloadChecksum);
    return { reason, next, flipped: theOnly(bits, position + batchHeader.bytes) };
  }
}

/** With two that fit, at least one fits by chance. */
export function theOnly(bits: readonly number[], from: number): Damage["flipped"] {
  const [bit] = bits;
  return bits.length === 1 ? { position: from + (bit! >>> 3), bit: bit! & 7 } : undefined;
}
