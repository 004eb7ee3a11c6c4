/** When a segment is full or old, and how the next one is begun. */
import { batchHeader } from "../format/layout.ts";
import type { Core } from "./core.ts";

/** Whether `bytes` more need another segment, because the active one is unfit, full or old. */
export function needsSegment(core: Core, bytes: number): boolean {
  const { active, settings, storage } = core;
  const { segmentBytesMax, segmentAgeMsMax } = settings;
  if (active.finished || active.closed) return true;
  if (active.end === active.segment.begin.position) return false;
  if (active.end + bytes + batchHeader.alignment > segmentBytesMax) return true;
  return segmentAgeMsMax < Infinity && storage.now() - active.segment.start.created >= segmentAgeMsMax;
}

/** Begins the next segment, with `first` as the first offset of the log. */
export async function rotate(core: Core, first: number): Promise<void> {
  await core.advance(core.continuation({ ...core.state.snapshot(), first }));
  core.state.first = first;
  await core.dropTruncated();
}
