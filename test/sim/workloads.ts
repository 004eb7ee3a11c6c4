/**
 * Short lives of a log that go through everything it can do. The searches crash and break them at every
 * single operation, so each is only as long as it has to be.
 */
import type { Event, LogPlan, Plan } from "./plan.ts";
import { type Manner, plain } from "./world.ts";

const log = 0;
const append: Event = { do: "append", log };
const settle: Event = { do: "settle" };
const rotate: Event = { do: "rotate", log };
const batch: Event = { do: "batch", log, count: 3 };
const again: Event = { do: "close", log };
const produce = (more = 0): Event => ({ do: "produce", log, producer: 0, count: 2, again: more });
const lostFlush: Event = { do: "fault", op: "flush", after: 0, times: 1, how: "lost", seed: 1 };
const keptFlush: Event = { ...lostFlush, how: "kept" };
const before = (at: number): Event => ({ do: "before", log, at });
const after = (at: number): Event => ({ do: "after", log, at });
const died: Event = { do: "crash", after: 0, survival: "process", seed: 1 };

/** Truncations that leave so many of the records, or take so many away. */
const keeps = (count: number, of: number): Event => after((count + 0.5) / (of + 1));
const drops = (count: number, of: number): Event => before((count + 0.5) / (of + 1));
/** Segments of five records: one alone, then two batches. */
const filled = (segments: number): Event[] =>
  Array.from({ length: segments }, (_, index): Event[] => [
    ...(index > 0 ? [rotate] : []),
    append,
    settle,
    { do: "batch", log, count: 2 },
    settle,
    { do: "batch", log, count: 2 },
    settle,
  ]).flat();
/** Segments that have replaced others with the same base offset, at the beginning and in the middle. */
const replaced: Event[] = [died, settle, ...filled(1), rotate, lostFlush, append, settle, ...filled(2)];

export const workloads: Readonly<Record<string, readonly Event[]>> = {
  "appends, batches and rotations": [
    append,
    append,
    settle,
    batch,
    settle,
    rotate,
    append,
    settle,
    batch,
    append,
    settle,
  ],
  "truncation at both ends": [
    batch,
    settle,
    rotate,
    batch,
    settle,
    rotate,
    batch,
    settle,
    before(0.5),
    settle,
    after(0.4),
    settle,
    append,
    settle,
    before(0.9),
    settle,
    append,
    settle,
  ],
  "truncation after truncation": [
    batch,
    rotate,
    batch,
    rotate,
    batch,
    rotate,
    append,
    settle,
    after(0.8),
    settle,
    after(0.5),
    settle,
    batch,
    settle,
    after(0.2),
    settle,
    append,
    settle,
  ],
  "truncation over many segments": [
    ...Array.from({ length: 6 }, () => [batch, rotate]).flat(),
    settle,
    after(0.3),
    settle,
    append,
    settle,
  ],
  "truncation up to a segment's first record": [...filled(4), drops(15, 20), settle, append, settle],
  "truncation up to a segment's last record": [...filled(4), keeps(10, 20), settle, append, settle],
  "truncation in the middle of a batch": [...filled(3), keeps(7, 15), settle, append, settle, batch, settle],
  "truncation up to the end": [...filled(3), drops(15, 15), settle, append, settle],
  "truncation of replaced segments": [
    ...replaced,
    keeps(5, 16),
    settle,
    append,
    settle,
    keeps(5, 6),
    settle,
    append,
    settle,
  ],
  "truncation of all, replaced segments among them": [...replaced, keeps(0, 16), settle, append, settle],
  "everything truncated": [
    batch,
    rotate,
    batch,
    settle,
    before(0.999),
    settle,
    append,
    settle,
    after(0),
    settle,
    batch,
    settle,
  ],
  "a recycled file": [
    batch,
    rotate,
    batch,
    rotate,
    batch,
    settle,
    before(0.7),
    settle,
    append,
    settle,
    rotate,
    append,
    settle,
    append,
    settle,
    append,
    settle,
  ],
  "closing and opening again": [
    batch,
    settle,
    again,
    settle,
    append,
    settle,
    again,
    settle,
    rotate,
    append,
    settle,
    again,
    settle,
  ],
  "failed flushes": [
    append,
    settle,
    lostFlush,
    batch,
    settle,
    append,
    settle,
    keptFlush,
    append,
    append,
    settle,
    keptFlush,
    batch,
    settle,
    rotate,
    append,
    settle,
  ],
  "a truncation where a flush has failed": [
    batch,
    settle,
    keptFlush,
    append,
    { do: "wait", turns: 40 },
    after(0.99),
    settle,
    append,
    settle,
  ],
  "recovery after recovery": [
    append,
    settle,
    batch,
    died,
    settle,
    append,
    append,
    died,
    settle,
    rotate,
    append,
    died,
    settle,
    batch,
    settle,
  ],
  producers: [
    produce(),
    settle,
    produce(1),
    settle,
    rotate,
    produce(3),
    settle,
    keptFlush,
    produce(),
    settle,
    produce(2),
    settle,
    after(0.5),
    settle,
    produce(1),
    settle,
  ],
};

/** A log whose segments are full after a few records, on a disk with small sectors. */
export function workload(
  events: readonly Event[],
  manner: Manner = plain,
  over: Partial<LogPlan> = {},
): Plan {
  const plan = {
    topic: "orders",
    segmentBytes: 700,
    relaxed: false,
    retentionBytes: undefined,
    pendingBytes: undefined,
  };
  return {
    seed: 1,
    manner,
    logs: [{ ...plan, ...over }],
    events,
    answer: "other",
    sequel: "go on",
    damage: "none",
  };
}
