/**
 * Which records retention keeps. It needs the starts of a few segments and never their records, so
 * a damaged segment cannot hold it up.
 */
import type { Start } from "../format/control.ts";
import type { Core } from "./core.ts";

/** The offset from which on the log is kept: that of a segment, or what it is now. */
export async function retainedFrom(core: Core): Promise<number> {
  const { chain, settings, storage, active } = core;
  const { retentionBytesMax, retentionAgeMsMax } = settings;
  if (retentionBytesMax === Infinity && retentionAgeMsMax === Infinity) return core.first;
  const total = active.segment.start.bytesBefore + active.flushedEnd;
  const oldest = storage.now() - retentionAgeMsMax;
  let first = core.first;
  for (let index = 1; index < chain.length; index++) {
    const start = await startAt(core, index);
    if (start === undefined) continue;
    // What lies before this segment was appended before it was created.
    const tooOld = start.created < oldest;
    const previous = await startAt(core, index - 1);
    const before = previous ?? start;
    const tooMuch = total - before.bytesBefore > retentionBytesMax;
    if (!tooOld && !tooMuch) break;
    first = Math.max(first, chain.at(index)!.base);
  }
  return first;
}

async function startAt(core: Core, index: number): Promise<Start | undefined> {
  try {
    return (await core.chain.load(index)).start;
  } catch {
    return undefined;
  }
}
