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
  return { seed: 1, manner, logs: [{ ...plan, ...over }], events, answer: "same", sequel: "go on" };
}
