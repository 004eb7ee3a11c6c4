/**
 * Finds out which segments make up a log, however damaged it is: like recovery, but what recovery
 * refuses is noted here, and the rest of the log is found behind it. It reads starts and the last segment.
 */
import { reasonOf, WalError } from "../errors.ts";
import type { Link } from "../format/control.ts";
import { parseSegmentName } from "../format/names.ts";
import type { Files } from "./files.ts";
import { highestWatermark } from "./headers.ts";
import { links } from "./recovery.ts";
import { beginsAsSegment, type Identity, readSegment, type Segment, withoutProducers } from "./segment.ts";
import { isBorn, scanTail, type Tail } from "./tail.ts";

/** A segment of the log. Without a link it is the last one, or what continues it cannot be read. */
export interface LivePart {
  readonly kind: "live";
  readonly segment: Segment;
  /** What the segment that continues this one says of its end, and that segment's base offset. */
  readonly link: Link | undefined;
  readonly next: number | undefined;
  /** Whether it is the last one. */
  readonly last: boolean;
}

/** A segment whose file is there and whose start cannot be used. */
export interface BrokenPart {
  readonly kind: "broken";
  readonly name: string;
  readonly first: number;
  readonly next: number | undefined;
  readonly reason: string;
  /** False when reading failed, which says nothing about the bytes. */
  readonly readable: boolean;
}

/** A segment that something names, and that is not there. */
export interface MissingPart {
  readonly kind: "missing";
  /** `undefined` for where the part before it ends. */
  readonly first: number | undefined;
  readonly next: number | undefined;
  readonly reason: string;
}

export type Part = LivePart | BrokenPart | MissingPart;

export interface Survey {
  /** The log, in the order of offsets. */
  readonly parts: readonly Part[];
  readonly tail: Tail | undefined;
  readonly first: number;
  readonly unborn: readonly string[];
  readonly superseded: readonly string[];
  readonly truncated: readonly string[];
  readonly foreign: readonly string[];
}

type Broken = Omit<BrokenPart, "next"> & { readonly next: undefined };

/** A verifier tells no duplicates, so it remembers next to nothing of the producers. */
const producersMax = 1;

/** Throws `READ_FAILED` when not even the names can be read. */
export async function survey(files: Files, identity: Identity): Promise<Survey> {
  const names = (await files.list()).toSorted();
  const segments = names.filter((name) => parseSegmentName(name) !== undefined);
  const foreign = names.filter((name) => parseSegmentName(name) === undefined);
  const born: Segment[] = [];
  const broken: Broken[] = [];
  for (const name of segments) {
    const read = await readOrReason(files, name, identity);
    if ("kind" in read) broken.push(read);
    else born.push(read);
  }
  born.sort((a, b) => a.epoch - b.epoch);
  const unborn: string[] = [];
  const { last, tail } = await findLast(files, born, unborn);
  const first = tail?.state.first ?? last?.start.state.first ?? 0;
  const parts: Part[] = last === undefined ? [] : await followLinks(last, first, born, broken);
  const beyond = await findBeyond(files, broken, last, tail);
  parts.push(...beyond);
  const [oldest] = parts;
  const reached = oldest === undefined ? parseSegmentName(segments[0] ?? "")?.base : firstOf(oldest);
  if (reached !== undefined && reached > first) parts.unshift(...gapBefore(reached, first, broken));
  const used = new Set(parts.map(nameOf));
  const dead = born.filter(({ name }) => !used.has(name));
  return {
    parts,
    tail,
    first,
    unborn: [...unborn, ...broken.map(({ name }) => name).filter((name) => !used.has(name))],
    superseded: dead.filter(({ base }) => base >= (reached ?? 0)).map(({ name }) => name),
    truncated: dead.filter(({ base }) => base < (reached ?? 0)).map(({ name }) => name),
    foreign,
  };
}

async function readOrReason(files: Files, name: string, identity: Identity): Promise<Segment | Broken> {
  const broken = { kind: "broken", name, first: parseSegmentName(name)!.base, next: undefined } as const;
  try {
    const segment = await readSegment(files, name, identity);
    if (typeof segment !== "string") return withoutProducers(segment);
    return { ...broken, reason: segment, readable: true };
  } catch (error) {
    if (!(error instanceof WalError)) throw error;
    return { ...broken, reason: error.message, readable: error.code === "CORRUPT" };
  }
}

/** The latest segment whose creation was finished. Takes those that are later out of `born`. */
async function findLast(
  files: Files,
  born: Segment[],
  unborn: string[],
): Promise<{ last: Segment | undefined; tail: Tail | undefined }> {
  for (;;) {
    const last = born.at(-1);
    if (last === undefined) return { last, tail: undefined };
    try {
      const tail = await scanTail(files, last, producersMax);
      if (isBorn(tail)) return { last, tail };
      unborn.push(last.name);
      born.pop();
    } catch (error) {
      if (!(error instanceof WalError)) throw error;
      // Whoever inspects the segment meets the same error, and says where.
      return { last, tail: undefined };
    }
  }
}

/** From the last segment back to the one that holds the first offset, over gaps. */
async function followLinks(
  last: Segment,
  first: number,
  born: readonly Segment[],
  broken: readonly Broken[],
): Promise<Part[]> {
  const parts: Part[] = [{ kind: "live", segment: last, link: undefined, next: undefined, last: true }];
  let current = last;
  while (current.base > first && current.start.link !== undefined) {
    const { link, ordinal } = current.start;
    const next = current.base;
    const linked = born.find((segment) => links(link, segment));
    if (linked !== undefined) {
      parts.unshift({ kind: "live", segment: linked, link, next, last: false });
      current = linked;
      continue;
    }
    parts.unshift(atLink(link, current, broken));
    // What a later epoch replaced begins at or behind the segment that replaced it, so the latest before it is live.
    const earlier = born.findLast(({ epoch, base }) => epoch < link.epoch && base < link.base);
    if (earlier === undefined || link.base <= first) break;
    const between = broken.filter((part) => part.first > earlier.base && part.first < link.base);
    parts.unshift(
      ...between.map((part, index) => ({ ...part, next: between[index + 1]?.first ?? link.base })),
    );
    if (ordinal - earlier.start.ordinal - 2 > between.length) {
      const reason = `${current.name} is the ${ordinal}. segment of the log, and ${earlier.name} the ${earlier.start.ordinal}.`;
      parts.unshift({ kind: "missing", first: undefined, next: between[0]?.first ?? link.base, reason });
    }
    parts.unshift({ kind: "live", segment: earlier, link: undefined, next: undefined, last: false });
    current = earlier;
  }
  return parts;
}

function atLink(link: Link, successor: Segment, broken: readonly Broken[]): Part {
  const next = successor.base;
  const damaged = broken.find(({ name, first }) => {
    const { epoch } = parseSegmentName(name)!;
    return first === link.base && (epoch === undefined || epoch === link.epoch);
  });
  if (damaged !== undefined) return { ...damaged, next };
  return { kind: "missing", first: link.base, next, reason: `${successor.name} continues it` };
}

/** What lies behind the last segment with a sound start: one that was written to, or that a seal names. */
async function findBeyond(
  files: Files,
  broken: readonly Broken[],
  last: Segment | undefined,
  tail: Tail | undefined,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const part of broken) {
    if (part.first < (last?.base ?? 0)) continue;
    const isNamed = part.first === tail?.seal?.base;
    try {
      const all = { from: 0, fileEnd: await files.size(part.name) };
      const epoch = last?.epoch ?? 0;
      const isLater = (header: { epoch: number; baseOffset: number }): boolean =>
        header.epoch > epoch && header.baseOffset >= part.first;
      // Where there is no segment at all, only a creation that was interrupted makes a new log of this.
      const isForeign = last === undefined && !(await beginsAsSegment(files, part.name));
      if (isNamed || isForeign || (await highestWatermark(files, part.name, all, isLater)) > 0) {
        parts.push(part);
      }
    } catch (error) {
      parts.push({ ...part, reason: reasonOf(error), readable: false });
    }
  }
  if (tail?.seal !== undefined && parts.length === 0) {
    const reason = `the end of ${tail.segment.name} says that it was begun`;
    parts.push({ kind: "missing", first: tail.seal.base, next: undefined, reason });
  }
  return parts;
}

/** What should lie between the first offset of the log and the first segment that was reached. */
function gapBefore(reached: number, first: number, broken: readonly Broken[]): Part[] {
  const parts = broken.filter((part) => part.first >= first && part.first < reached);
  const gap: Part[] = parts.map((part, index) => ({ ...part, next: parts[index + 1]?.first ?? reached }));
  if (parts[0]?.first === first) return gap;
  const next = parts[0]?.first ?? reached;
  const reason = "the log begins there, and the segment behind it is there";
  return [{ kind: "missing", first, next, reason }, ...gap];
}

function firstOf(part: Part): number | undefined {
  return part.kind === "live" ? part.segment.base : part.first;
}

function nameOf(part: Part): string | undefined {
  if (part.kind === "live") return part.segment.name;
  return part.kind === "broken" ? part.name : undefined;
}
