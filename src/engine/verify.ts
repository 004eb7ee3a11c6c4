/**
 * Checks every byte of a log and judges each of its segments. It takes no lock and changes nothing. A writer
 * may be at work meanwhile: what looks wrong then is looked at again before it is believed.
 */
import { parseSegmentName } from "../format/names.ts";
import { WalError } from "../errors.ts";
import type { Signal, Storage } from "../storage.ts";
import type { Files } from "./files.ts";
import type { Damage } from "./diagnosis.ts";
import { inspect, type Inspection, type Replaced } from "./inspect.ts";
import { Pace } from "./pace.ts";
import { throwIfAborted } from "./reader.ts";
import type { Identity } from "./segment.ts";
import { flippedInStart } from "./start-damage.ts";
import { type LivePart, type Part, type Survey, survey } from "./survey.ts";
import { judge, type Verdict } from "./verdict.ts";

/** What is said of one segment, or of one that should be there. */
export interface SegmentReport {
  /** The name of its file; `undefined` where nobody knows it. */
  readonly segment: string | undefined;
  /** As in FORMAT.md; `unborn` is a segment that was never finished being created. */
  readonly verdict: Verdict | "unborn";
  /** Its records, as far as they are part of the log. */
  readonly first: number | undefined;
  readonly next: number | undefined;
  readonly epoch: number | undefined;
  readonly created: number | undefined;
  /** The size of its file, and how many bytes of it are part of the log and as they were written. */
  readonly bytes: number;
  readonly validBytes: number;
  readonly batches: number;
  readonly records: number;
  readonly damages: readonly Damage[];
  /** Records that a later epoch has replaced. */
  readonly replaced: Replaced | undefined;
  /** What is to be said besides. */
  readonly reason: string | undefined;
}

export interface VerifyReport {
  /**
   * The worst of all segments. `corrupt` covers missing ones; `error` means that something could not
   * be read; `torn` covers a segment that was never finished being created.
   */
  readonly verdict: "sound" | "torn" | "corrupt" | "error";
  /** The first offset of the log, and the one behind the last record that could be read. */
  readonly first: number;
  readonly next: number;
  readonly records: number;
  readonly bytes: number;
  /** Whether the log was closed. */
  readonly closed: boolean;
  readonly segments: readonly SegmentReport[];
  /** Names of files that are none of the log's. */
  readonly foreign: readonly string[];
}

export interface VerifyProgress {
  /** How many bytes were checked, of how many there are. */
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface VerifyOptions {
  /** Called now and then. */
  readonly progress?: ((progress: VerifyProgress) => void) | undefined;
  /** Ends the work, which then throws the signal's reason. */
  readonly signal?: Signal | undefined;
}

/** How often what looks wrong is looked at again while the files change. */
const attemptsMax = 8;
const attemptMs = 4;

export class Verifier {
  readonly #storage: Storage;
  readonly #files: Files;
  readonly #identity: Identity;
  readonly #options: VerifyOptions;
  /** What was found sound stays so: nobody writes to it any more. */
  readonly #sound = new Map<string, Inspection>();
  #bytes = 0;
  #bytesTotal = 0;
  readonly #pace: Pace;

  constructor(storage: Storage, files: Files, identity: Identity, options: VerifyOptions) {
    this.#storage = storage;
    this.#files = files;
    this.#identity = identity;
    this.#options = options;
    this.#pace = new Pace(storage);
  }

  /**
   * What is really wrong is found twice in the same words. Anything else comes of the writer's work, which
   * removes and begins segments while they are read.
   */
  async run(): Promise<VerifyReport> {
    let before: VerifyReport | undefined;
    for (let attempt = 1; ; attempt++) {
      const report = await this.#judge(await this.#survey());
      if (report.verdict === "sound" || isSame(report, before)) return report;
      if (attempt === attemptsMax) return confirmed(report, before!);
      before = report;
      await this.#storage.sleep(attemptMs * attempt);
      await this.#files.closeAll().catch(() => undefined);
    }
  }

  async #survey(): Promise<Survey> {
    const surveyed = await survey(this.#files, this.#identity);
    await this.#measure(surveyed);
    return surveyed;
  }

  async #measure({ parts }: Survey): Promise<void> {
    this.#bytes = 0;
    this.#bytesTotal = 0;
    for (const part of parts) {
      if (part.kind !== "live" || this.#sound.has(keyOf(part))) continue;
      this.#bytesTotal += part.link?.end ?? (await this.#sizeOf(part.segment.name));
    }
  }

  async #judge(surveyed: Survey): Promise<VerifyReport> {
    const segments: SegmentReport[] = [];
    let closed = false;
    for (const part of surveyed.parts) {
      if (part.kind === "live") {
        const inspection = await this.#inspect(part, surveyed);
        if (part.last) closed = inspection.closed;
        segments.push(reportOf(part, inspection, surveyed.first));
      } else segments.push(await this.#reportOfGap(part, segments.at(-1)?.next ?? surveyed.first));
    }
    for (const name of surveyed.superseded)
      segments.push(await this.#aside(name, "superseded", replacedWhole));
    for (const name of surveyed.truncated)
      segments.push(await this.#aside(name, "superseded", truncatedWhole));
    for (const name of surveyed.unborn) segments.push(await this.#aside(name, "unborn", neverFinished));
    return {
      verdict: worst(segments),
      first: surveyed.first,
      next: Math.max(surveyed.first, ...segments.map((each) => readableNext(each))),
      records: segments.reduce((sum, each) => sum + each.records, 0),
      bytes: segments.reduce((sum, each) => sum + each.bytes, 0),
      closed,
      segments,
      foreign: surveyed.foreign,
    };
  }

  async #inspect(part: LivePart, { tail, first }: Survey): Promise<Inspection> {
    const known = this.#sound.get(keyOf(part));
    if (known !== undefined) return known;
    throwIfAborted(this.#options.signal);
    const vouchedEnd = part.last ? (tail?.vouchedEnd ?? 0) : 0;
    const inspection = await inspect(this.#files, part, {
      first,
      vouchedEnd,
      advance: (bytes) => this.#advance(bytes),
    });
    if (!part.last && inspection.damages.length === 0) this.#sound.set(keyOf(part), inspection);
    return inspection;
  }

  #advance(bytes: number): void | Promise<void> {
    throwIfAborted(this.#options.signal);
    this.#bytes += bytes;
    if (!this.#pace.isDue) return undefined;
    this.#options.progress?.({ bytes: this.#bytes, bytesTotal: Math.max(this.#bytes, this.#bytesTotal) });
    return this.#pace.rest();
  }

  async #reportOfGap(part: Exclude<Part, LivePart>, from: number): Promise<SegmentReport> {
    const nothing = { epoch: undefined, created: undefined, validBytes: 0, batches: 0, records: 0 };
    const { next, reason } = part;
    if (part.kind === "missing") {
      const first = part.first ?? from;
      const rest = { ...nothing, bytes: 0, damages: [], replaced: undefined };
      return { segment: undefined, verdict: "missing", first, next, reason, ...rest };
    }
    const { name: segment, first, readable } = part;
    const flipped = await flippedInStart(this.#files, segment, this.#identity).catch(() => undefined);
    const damage = { position: 0, first, next, reason, flipped };
    const bytes = await this.#sizeOf(segment);
    const rest = { ...nothing, bytes, damages: [damage], replaced: undefined, reason: undefined };
    return { segment, verdict: readable || flipped ? "corrupt" : "error", first, next, ...rest };
  }

  /** A file that is not part of the log, and will be removed when the log is opened. */
  async #aside(segment: string, verdict: "superseded" | "unborn", reason: string): Promise<SegmentReport> {
    const first = parseSegmentName(segment)!.base;
    const nothing = { epoch: undefined, created: undefined, validBytes: 0, batches: 0, records: 0 };
    const rest = { ...nothing, bytes: await this.#sizeOf(segment), damages: [], replaced: undefined };
    return { segment, verdict, first, next: undefined, reason, ...rest };
  }

  #sizeOf(name: string): Promise<number> {
    return this.#files.size(name).catch((error: unknown) => {
      if (error instanceof WalError) return 0;
      throw error;
    });
  }
}

const replacedWhole = "a later epoch has replaced all of it; it is removed when the log is opened";
const truncatedWhole = "all of it was truncated away; it is removed when the log is opened";
const neverFinished = "it was never finished being created, and nothing in it was acknowledged";

function reportOf(part: LivePart, inspection: Inspection, logFirst: number): SegmentReport {
  const { name: segment, base, epoch, start } = part.segment;
  const first = Math.max(base, logFirst);
  const { evidence, damages, replaced, next, batches, records, fileEnd } = inspection;
  const verdict = judge(evidence);
  return {
    segment,
    verdict,
    first,
    next,
    epoch,
    created: start.created,
    bytes: fileEnd,
    validBytes: evidence.validEnd,
    batches,
    records,
    damages,
    replaced,
    reason: undefined,
  };
}

function keyOf({ segment, link }: LivePart): string {
  return `${segment.name}/${segment.epoch}/${link?.end}/${link?.checksum}`;
}

function readableNext({ verdict, next, records }: SegmentReport): number {
  return verdict === "missing" || records === 0 ? 0 : (next ?? 0);
}

function isSame(report: VerifyReport, other: VerifyReport | undefined): boolean {
  return JSON.stringify(report) === JSON.stringify(other);
}

/** Without the segments with which something was wrong only at the last look. */
function confirmed(report: VerifyReport, before: VerifyReport): VerifyReport {
  const known = new Set(before.segments.map(problemOf));
  const segments = report.segments.filter((each) => isFine(each.verdict) || known.has(problemOf(each)));
  return { ...report, segments, verdict: worst(segments) };
}

function isFine(verdict: SegmentReport["verdict"]): boolean {
  return verdict !== "corrupt" && verdict !== "missing" && verdict !== "error";
}

function problemOf({ segment, verdict, first, damages }: SegmentReport): string {
  return `${segment} ${verdict} ${first} ${damages[0]?.position}`;
}

function worst(segments: readonly SegmentReport[]): VerifyReport["verdict"] {
  const has = (...verdicts: SegmentReport["verdict"][]): boolean =>
    segments.some(({ verdict }) => verdicts.includes(verdict));
  if (has("corrupt", "missing")) return "corrupt";
  if (has("error")) return "error";
  return has("torn", "unborn") ? "torn" : "sound";
}
