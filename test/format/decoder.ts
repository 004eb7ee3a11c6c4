/**
 * A stranger's decoder of a log folder, to hold the library against. It is written from FORMAT.md alone and
 * imports nothing of the library: it takes the files of one folder and answers what the segments, batches
 * and records are, which of them form the log, and what to think of each segment.
 */
import type { PlainRecord } from "./decoder-batch.ts";
import { decodeSegment, isFinished, type Segment } from "./decoder-segment.ts";

export type Verdict =
  | "sound"
  | "torn"
  | "corrupt"
  | "format"
  /** Its creation was never finished. */
  | "unfinished"
  /** The links of the log do not lead to it. */
  | "leftover";

export interface Link {
  segment: Segment;
  /** Where its part of the log ends: in bytes, and the offset behind its last record. */
  end: number;
  next: number;
}

export interface DecodedLog {
  segments: Segment[];
  verdicts: Record<string, Verdict>;
  /** What the log needs and the folder does not have. */
  missing: string[];
  /** The segments of the log, the oldest first. */
  chain: Link[];
  first: number;
  next: number;
  records: PlainRecord[];
  lost: { from: number; count: number }[];
}

export function decodeLog(files: ReadonlyMap<string, Uint8Array>): DecodedLog {
  const segments = [...files]
    .map(([name, file]) => decodeSegment(name, file))
    .filter((segment) => segment !== undefined)
    .toSorted((one, other) => one.base - other.base || one.nameEpoch - other.nameEpoch);
  const log: DecodedLog = {
    segments,
    verdicts: {},
    missing: [],
    chain: [],
    first: 0,
    next: 0,
    records: [],
    lost: [],
  };
  const known = Math.max(0, ...segments.map((segment) => segment.epoch));
  const finished = segments.filter((segment) => isFinished(segment, known));
  for (const segment of segments)
    log.verdicts[segment.name] = finished.includes(segment) ? "leftover" : "unfinished";
  const last = finished
    .filter((segment) => segment.start)
    .toSorted((one, other) => one.epoch - other.epoch)
    .at(-1);
  for (const segment of finished) if (segment.misfit) log.verdicts[segment.name] = verdictOfMisfit(segment);
  if (!last) return log;
  log.first = firstOf(last);
  log.next = last.next;
  follow(log, last);
  judge(log, finished);
  gather(log);
  return log;
}

const verdictOfMisfit = (segment: Segment): Verdict =>
  segment.misfit?.sort === "format" ? "format" : "corrupt";

function firstOf(segment: Segment): number {
  const said = segment.batches.map(({ control }) => {
    if (control?.is === "start" || control?.is === "close") return control.state.first;
    return control?.is === "first" ? control.first : 0;
  });
  return Math.max(...said);
}

/** Follows the links from the last segment back to the one that holds the first offset. */
function follow(log: DecodedLog, last: Segment): void {
  log.chain = [{ segment: last, end: last.end, next: last.next }];
  while (log.chain[0].segment.base > log.first) {
    const { segment: newer } = log.chain[0];
    const link = newer.start!.link;
    if (!link) return void log.missing.push(`what lies before ${newer.name}`);
    const older = log.segments.find(({ epoch, base }) => epoch === link.epoch && base === link.base);
    if (!older) return void log.missing.push(`epoch ${link.epoch} at ${link.base}`);
    log.chain.unshift({ segment: older, end: link.end, next: newer.base });
    const closing = older.batches.find((batch) => batch.end === link.end);
    const before = older.start!;
    const fits =
      closing?.checksum === link.checksum &&
      before.ordinal + 1 === newer.start!.ordinal &&
      before.bytesBefore + link.end === newer.start!.bytesBefore &&
      closing.base + closing.count >= newer.base;
    if (!fits && !older.misfit) log.verdicts[older.name] = "corrupt";
  }
}

function judge(log: DecodedLog, finished: Segment[]): void {
  for (const { segment } of log.chain) {
    if (log.verdicts[segment.name] === "leftover") log.verdicts[segment.name] = "sound";
  }
  const last = log.chain.at(-1)!.segment;
  const behind = last.file.subarray(last.end);
  if (last.misfit) log.verdicts[last.name] = verdictOfMisfit(last);
  else if (last.vouched > last.end) log.verdicts[last.name] = "corrupt";
  else if (behind.some((byte) => byte !== 0)) log.verdicts[last.name] = "torn";
  for (const { control } of last.batches) {
    if (control?.is !== "seal") continue;
    const there = finished.some(({ epoch, base }) => epoch === control.epoch && base === control.base);
    if (!there) log.missing.push(`epoch ${control.epoch} at ${control.base}`);
  }
  for (const segment of finished)
    if (!segment.start && !segment.misfit) log.verdicts[segment.name] = "corrupt";
}

/** The records and the lost ranges, cut to the offsets that are part of the log. */
function gather(log: DecodedLog): void {
  for (const { segment, end, next } of log.chain) {
    const inLog = (offset: number) => offset >= log.first && offset < next;
    for (const batch of segment.batches.filter((one) => one.end <= end)) {
      log.records.push(...batch.records.filter(({ offset }) => inLog(offset)));
      if (batch.control?.is !== "lost") continue;
      const from = Math.max(batch.base, log.first);
      const count = Math.min(batch.base + batch.count, next) - from;
      if (count > 0) log.lost.push({ from, count });
    }
  }
}

/** Runs of producers, in the state of the last segment, at whose offsets other records lie, or none. */
export function runsWithoutRecords({ chain, first, next, records }: DecodedLog): string[] {
  const written = new Map(records.map(({ offset, producer }) => [offset, producer]));
  const last = chain.at(-1)?.segment;
  const states = (last?.batches ?? []).flatMap(({ control, base }) => {
    // The state of a start takes the records into account that were written together with it.
    if (control?.is === "start") return [{ state: control.state, end: control.carriedNext }];
    return control?.is === "close" ? [{ state: control.state, end: base }] : [];
  });
  const wrong: string[] = [];
  for (const { state, end } of states) {
    for (const { id, epoch, runs } of state.producers) {
      for (const run of runs) {
        if (run.offset + run.count > Math.min(end, next)) wrong.push(`${id} up to ${run.offset + run.count}`);
        for (let i = 0; i < run.count; i++) {
          if (run.offset + i < first) continue;
          const found = written.get(run.offset + i);
          const fits = found?.id === id && found.epoch === epoch && found.sequence === run.sequence + i;
          if (!fits) wrong.push(`${id} at ${run.offset + i}`);
        }
      }
    }
  }
  return wrong;
}
