/**
 * From what recovery found to a log that can be written to. After a clean close nothing is written
 * at all. After anything else, the tail that nothing vouches for is rewritten into a fresh segment
 * and flushed before it is served: it may be in memory only, whatever a read says.
 */
import type { LogState } from "../format/control.ts";
import { startReason } from "../format/layout.ts";
import type { Storage } from "../storage.ts";
import { type BirthPlan, replaced } from "./birth.ts";
import { type Continuation, Core } from "./core.ts";
import type { Files } from "./files.ts";
import { type Recovered, recover } from "./recovery.ts";
import { urgently } from "./room.ts";
import type { Identity } from "./segment.ts";
import type { Settings } from "./settings.ts";
import { telling, TrackedState } from "./state.ts";
import type { Tail } from "./tail.ts";
import { evidenceOf } from "./tail.ts";
import { judge } from "./verdict.ts";
import { type Stop, type WalkedBatch, Walker } from "./walker.ts";

/** What was found when a log was opened, and what was done about it. */
export interface RecoveryReport {
  /** `new`: there was nothing. `clean`: it had been closed. `sound`: it had not. `torn`: see `torn`. */
  readonly verdict: "new" | "clean" | "sound" | "torn";
  readonly segments: number;
  readonly first: number;
  readonly next: number;
  /** Records that nothing vouched for, which were rewritten into a fresh segment. */
  readonly rewritten: { readonly first: number; readonly next: number } | undefined;
  /** Bytes at the end that a write left unfinished. They are not part of the log. */
  readonly torn: { readonly segment: string; readonly position: number; readonly bytes: number } | undefined;
  /** Files that were removed: never finished, replaced by a later epoch, or truncated away. */
  readonly unborn: readonly string[];
  readonly superseded: readonly string[];
  readonly truncated: readonly string[];
  /** Files that are none of ours, and were left alone. */
  readonly foreign: readonly string[];
}

export async function openCore(
  storage: Storage,
  files: Files,
  identity: Identity,
  settings: Settings,
): Promise<{ core: Core; report: RecoveryReport }> {
  const recovered = await recover(files, identity, settings.producersMax);
  const { chain, tail, unborn, superseded, truncated } = recovered;
  const core = new Core(storage, files, identity, settings, {
    entries: chain,
    dead: [...unborn, ...superseded, ...truncated],
    state: tail?.state ?? { first: 0, maxTimestamp: 0, producers: [] },
    durable: tail?.vouched.offset ?? 0,
    epoch: tail?.segment.epoch ?? 0,
  });
  if (tail === undefined) await core.advance(firstSegment());
  else if (tail.closed) await resume(core, tail);
  else {
    await urgently(files, async () => core.advance(...(await rewriting(files, tail, settings.producersMax))));
    core.durable = tail.end.offset;
    await core.witness();
  }
  if (tail !== undefined) core.durable = tail.end.offset;
  await core.discard(superseded);
  core.leftovers.add(...[...unborn, ...truncated].map((name) => ({ name, reuse: false, alone: false })));
  await core.clean();
  return { core, report: reportOf(recovered, core) };
}

function firstSegment(): Continuation {
  const state = { first: 0, maxTimestamp: 0, producers: [] };
  return { reason: startReason.first, base: 0, link: undefined, ordinal: 1, bytesBefore: 0, state };
}

async function resume(core: Core, tail: Tail): Promise<void> {
  const { segment, end, fileEnd } = tail;
  const file = await core.files.acquire(segment.name);
  core.activate({ segment, file, end: end.position, checksum: end.checksum, fileSize: fileEnd }, true);
}

async function rewriting(
  files: Files,
  tail: Tail,
  producersMax: number,
): Promise<[Continuation, { carry: NonNullable<BirthPlan["carry"]>; next: number }]> {
  const { segment, vouched, end } = tail;
  const state = await stateBeforeCarried(files, tail, producersMax);
  const { start, epoch, base } = segment;
  const { link, ordinal, bytesBefore, created } = start;
  const reason = startReason.unclean;
  const nothingKept = vouched.offset === base;
  const continuation: Continuation = nothingKept
    ? { reason, base, link, ordinal, bytesBefore, created, state }
    : {
        reason,
        base: vouched.offset,
        link: { epoch, base, end: vouched.position, checksum: vouched.checksum },
        ordinal: ordinal + 1,
        bytesBefore: bytesBefore + vouched.position,
        state,
      };
  const { name } = segment;
  const walker = new Walker(files, { name, epoch, from: vouched });
  const carry: BirthPlan["carry"] = async (placement) => {
    while (walker.boundary.position < end.position) {
      const batch = await unchanged(walker.next(end.position), name);
      if (batch.header.count > 0) return replaced(batch, placement);
    }
    return undefined;
  };
  return [continuation, { carry, next: end.offset }];
}

/** The state for a start: what is carried behind it will tell its producers again. */
async function stateBeforeCarried(files: Files, tail: Tail, producersMax: number): Promise<LogState> {
  const { segment, vouched } = tail;
  if (tail.producersEnd <= vouched.position) return tail.state;
  const { name, epoch, begin: from } = segment;
  const before = new TrackedState(segment.start.state, producersMax);
  const walker = new Walker(files, { name, epoch, from });
  while (walker.boundary.position < vouched.position) {
    before.add(await unchanged(walker.next(vouched.position, Infinity, telling), name));
  }
  return { ...tail.state, producers: before.producers.states() };
}

/** What was a valid batch a moment ago. */
async function unchanged(next: Promise<WalkedBatch | Stop>, name: string): Promise<WalkedBatch> {
  const batch = await next;
  if (typeof batch === "string") throw new Error(`segment ${name} changed while it was recovered`);
  return batch;
}

function reportOf(recovered: Recovered, core: Core): RecoveryReport {
  const { tail, unborn, superseded, truncated, foreign } = recovered;
  const torn = tail !== undefined && judge(evidenceOf(tail)) === "torn";
  const rewritten = tail !== undefined && tail.end.offset > tail.vouched.offset;
  return {
    verdict: tail === undefined ? "new" : tail.closed ? "clean" : torn ? "torn" : "sound",
    segments: core.chain.length,
    first: core.first,
    next: core.durable,
    rewritten: rewritten ? { first: tail.vouched.offset, next: tail.end.offset } : undefined,
    torn: torn
      ? { segment: tail.segment.name, position: tail.end.position, bytes: tail.fileEnd - tail.end.position }
      : undefined,
    unborn,
    superseded,
    truncated,
    foreign,
  };
}
