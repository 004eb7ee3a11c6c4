/**
 * Finds out, by reading alone, which files make up a log and where it ends. The usual case reads
 * the names and four segments' starts, however long the log is; when these do not fit together,
 * every start is read. Nothing on disk is changed here.
 */
import { WalError, type WalErrorPlace } from "../errors.ts";
import type { BatchHeader } from "../format/batch-header.ts";
import type { Link } from "../format/control.ts";
import { parseSegmentName } from "../format/names.ts";
import type { Files } from "./files.ts";
import { highestWatermark } from "./headers.ts";
import { beginsAsSegment, type Identity, readSegment, type Segment } from "./segment.ts";
import { evidenceOf, isBorn, scanTail, type Tail } from "./tail.ts";
import { judge } from "./verdict.ts";

/** A file of the log, in the order of offsets. Its start is read when it is needed. */
export interface ChainEntry {
  readonly name: string;
  readonly base: number;
  segment: Segment | undefined;
  /** It was finished without any failure, which only the process knows that wrote it. */
  isHealthy?: boolean;
}

export interface Recovered {
  /** The segments that make up the log, the last one included. Empty for a new log. */
  readonly chain: ChainEntry[];
  readonly tail: Tail | undefined;
  /** Segments that were never finished being created. */
  readonly unborn: readonly string[];
  /** Segments that a later epoch has replaced. */
  readonly superseded: readonly string[];
  /** Segments whose records have all been truncated away. */
  readonly truncated: readonly string[];
  /** Files that are none of ours. */
  readonly foreign: readonly string[];
}

interface Listed {
  readonly entries: ChainEntry[];
  readonly foreign: string[];
}

/** Throws `CORRUPT`, `FORMAT` or `READ_FAILED`. */
export async function recover(files: Files, identity: Identity, producersMax: number): Promise<Recovered> {
  const { entries, foreign } = listed(await files.list());
  const none = { unborn: [], superseded: [], truncated: [], foreign };
  if (entries.length === 0) return { chain: [], tail: undefined, ...none };
  const read = async (entry: ChainEntry): Promise<Segment | string> => {
    const segment = entry.segment ?? (await readSegment(files, entry.name, identity));
    if (typeof segment !== "string") entry.segment = segment;
    return segment;
  };

  // From the end back to the last segment whose creation was finished.
  const unborn: ChainEntry[] = [];
  const candidates = [...entries];
  let tail: Tail | undefined;
  while (tail === undefined && candidates.length > 0) {
    const segment = await read(candidates.at(-1)!);
    const scanned = typeof segment === "string" ? undefined : await scanTail(files, segment, producersMax);
    if (scanned !== undefined && isBorn(scanned)) tail = scanned;
    else unborn.push(candidates.pop()!);
  }
  if (tail === undefined) {
    await assertLifeless(files, identity, unborn, 0);
    await assertUnfinished(files, identity, unborn);
    if (entries[0]!.base > 0) throw missing(identity, 0, entries[0]!.base, entries[0]!.name);
    return { chain: [], tail, ...none, unborn: unborn.map((entry) => entry.name) };
  }

  const quick = await fitTogether(candidates, tail, read);
  if (quick !== undefined) {
    assertSound(identity, tail);
    await assertLifeless(files, identity, unborn, tail.segment.epoch);
    return { chain: quick, tail, ...none, unborn: unborn.map((entry) => entry.name) };
  }
  return untangle(files, identity, entries, producersMax, read, foreign);
}

/** Names sort as their base offsets and epochs do. */
function listed(names: readonly string[]): Listed {
  const entries: ChainEntry[] = [];
  const foreign: string[] = [];
  for (const name of names.toSorted()) {
    const base = parseSegmentName(name)?.base;
    if (base === undefined) foreign.push(name);
    else entries.push({ name, base, segment: undefined });
  }
  return { entries, foreign };
}

/**
 * The segments of the log, when their count and the links at both ends say that these are all of
 * them and that nothing else is among them.
 */
async function fitTogether(
  candidates: ChainEntry[],
  tail: Tail,
  read: (entry: ChainEntry) => Promise<Segment | string>,
): Promise<ChainEntry[] | undefined> {
  if (tail.seal !== undefined) return undefined;
  // Whatever lies before the first live segment is not taken for truncated without another look.
  if (candidates.findLastIndex((entry) => entry.base <= tail.state.first) !== 0) return undefined;
  const chain = candidates;
  const first = await read(chain[0]!);
  if (typeof first === "string") return undefined;
  if (tail.segment.start.ordinal - first.start.ordinal + 1 !== chain.length) return undefined;
  if (chain.length > 1) {
    const second = await read(chain[1]!);
    if (typeof second === "string" || !links(second.start.link, first)) return undefined;
    const previous = await read(chain.at(-2)!);
    if (typeof previous === "string" || !links(tail.segment.start.link, previous)) return undefined;
  }
  return chain;
}

/** Reads every start, takes the latest epoch for the end of the log, and follows the links back. */
async function untangle(
  files: Files,
  identity: Identity,
  entries: ChainEntry[],
  producersMax: number,
  read: (entry: ChainEntry) => Promise<Segment | string>,
  foreign: readonly string[],
): Promise<Recovered> {
  const born: ChainEntry[] = [];
  const unborn: ChainEntry[] = [];
  let tail: Tail | undefined;
  for (const entry of entries) (typeof (await read(entry)) === "string" ? unborn : born).push(entry);
  born.sort((a, b) => a.segment!.epoch - b.segment!.epoch);
  while (tail === undefined) {
    const latest = born.pop();
    if (latest === undefined) throw missing(identity, 0, entries[0]!.base, entries[0]!.name);
    const scanned = await scanTail(files, latest.segment!, producersMax);
    if (isBorn(scanned)) {
      tail = scanned;
      born.push(latest);
    } else unborn.push(latest);
  }
  assertSound(identity, tail);
  await assertLifeless(files, identity, unborn, tail.segment.epoch);
  if (tail.seal !== undefined) throw missing(identity, tail.seal.base, undefined, tail.segment.name);

  const chain = [born.at(-1)!];
  for (;;) {
    const { base, segment } = chain[0]!;
    const link = segment!.start.link;
    if (base <= tail.state.first || link === undefined) break;
    const previous = born.find((entry) => links(link, entry.segment!));
    if (previous === undefined) throw await gone(identity, link, chain[0]!, unborn, read);
    chain.unshift(previous);
  }
  if (chain[0]!.base > tail.state.first) {
    throw missing(identity, tail.state.first, chain[0]!.base, chain[0]!.name);
  }
  const dead = born.filter((entry) => !chain.includes(entry));
  const isTruncated = (entry: ChainEntry): boolean => entry.base < chain[0]!.base;
  return {
    chain,
    tail,
    unborn: unborn.map((entry) => entry.name),
    superseded: dead.filter((entry) => !isTruncated(entry)).map((entry) => entry.name),
    truncated: dead.filter(isTruncated).map((entry) => entry.name),
    foreign,
  };
}

export function links(link: Link | undefined, previous: Segment): boolean {
  return link !== undefined && link.epoch === previous.epoch && link.base === previous.base;
}

function assertSound(identity: Identity, tail: Tail): void {
  if (judge(evidenceOf(tail)) !== "corrupt") return;
  const { name } = tail.segment;
  throw corrupt(
    identity,
    `segment ${name} is damaged at position ${tail.end.position}, at offset ${tail.end.offset}, ` +
      `and was flushed up to position ${tail.vouchedEnd}`,
    { segment: name, position: tail.end.position, first: tail.end.offset },
  );
}

/**
 * A segment without a sound start was never finished being created, unless something was written
 * to it later than to the end of the log: that happens only behind a flushed start.
 */
async function assertLifeless(
  files: Files,
  identity: Identity,
  unborn: readonly ChainEntry[],
  epoch: number,
): Promise<void> {
  for (const { name, base } of unborn) {
    const all = { from: 0, fileEnd: await files.size(name) };
    const isLater = (header: BatchHeader): boolean => header.epoch > epoch && header.baseOffset >= base;
    const watermark = await highestWatermark(files, name, all, isLater);
    if (watermark === 0) continue;
    throw corrupt(
      identity,
      `the start of segment ${name} is damaged, and the segment was flushed up to position ${watermark}`,
      { segment: name, position: 0, first: base },
    );
  }
}

/** Where no other segment says what the log is, a file that no creation has left is not cleared away for a new one. */
async function assertUnfinished(
  files: Files,
  identity: Identity,
  unborn: readonly ChainEntry[],
): Promise<void> {
  for (const { name, base } of unborn) {
    if (await beginsAsSegment(files, name)) continue;
    const what = `${name} does not begin as a segment does: it is damaged, or somebody else's file`;
    throw corrupt(identity, what, { segment: name, position: 0, first: base });
  }
}

/** What a segment is linked to is damaged at its start, or not there at all. */
async function gone(
  identity: Identity,
  link: Link,
  successor: ChainEntry,
  unborn: readonly ChainEntry[],
  read: (entry: ChainEntry) => Promise<Segment | string>,
): Promise<WalError> {
  const { base, name } = successor;
  const damaged = unborn.find((entry) => entry.base === link.base);
  if (damaged === undefined) return missing(identity, link.base, base, name);
  const problem = await read(damaged);
  const place = { segment: damaged.name, position: 0, first: link.base, next: base };
  return corrupt(identity, `segment ${damaged.name} is damaged: ${String(problem)}`, place);
}

function missing(identity: Identity, first: number, next: number | undefined, witness: string): WalError {
  const range = next === undefined ? `from offset ${first} on` : `with the offsets ${first} to ${next - 1}`;
  return corrupt(identity, `the segment ${range} is missing: ${witness} says that it was there`, {
    first,
    ...(next !== undefined && { next }),
  });
}

function corrupt(identity: Identity, what: string, place: WalErrorPlace): WalError {
  const hint =
    "Nothing was changed. Restore the file from a copy, or use salvage to copy out what is readable.";
  const message = `cannot open log ${identity.label}: ${what}. ${hint}`;
  return new WalError("CORRUPT", message, { log: identity.label, ...place });
}
