/**
 * A crash at every single change that a verb makes on the disk. The log that is opened then is the one
 * before the verb or the one behind it; what was acknowledged is there, what was truncated stays away, and
 * a second and a third crash change nothing about that.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import { crashEverywhere, type Story } from "../support/crash.ts";
import { failing, failingAfterwards } from "../support/faults.ts";
import { type Machine, memories } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";

/** Five records to a segment: one alone, then two batches. */
async function fill(log: Log, segments: number, name = ""): Promise<void> {
  for (let segment = 0; segment < segments; segment++) {
    if (segment > 0) await log.rotate();
    const values = [0, 1, 2, 3, 4].map((index) => ({ value: `${name}${log.next + index}` }));
    await log.append(values[0]!);
    await log.appendBatch(values.slice(1, 3));
    await log.appendBatch(values.slice(3));
  }
}

const verb = (segments: number, ...steps: ((log: Log, machine: Machine) => Promise<unknown>)[]): Story => ({
  prepare: async (machine) => {
    await fill(await machine.open(), segments);
  },
  steps: steps.map((step) => ({ run: (machine) => step(machine.latest()!, machine) })),
});

/** Segments that have replaced others with the same base offset, at the beginning and in the middle. */
const replaced = (...steps: ((log: Log, machine: Machine) => Promise<unknown>)[]): Story => ({
  prepare: async (machine) => {
    await machine.open();
    await machine.die();
    const log = await machine.open();
    await fill(log, 1);
    await log.rotate();
    machine.hook = failing({ op: "flush" });
    await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");
    machine.hook = undefined;
    await fill(log, 2);
  },
  steps: steps.map((step) => ({ run: (machine) => step(machine.latest()!, machine) })),
});

const stories: Record<string, Story> = {
  append: verb(2, (log) => log.append({ value: "new" })),
  appendBatch: verb(2, (log) => log.appendBatch([{ value: "new" }, { value: "and" }, { value: "more" }])),
  rotate: verb(2, (log) => log.rotate()),
  "rotate, append and rotate": verb(
    1,
    (log) => log.rotate(),
    (log) => log.append({ value: "new" }),
    (log) => log.rotate(),
  ),
  "truncateBefore in the segment that is written to": verb(1, (log) => log.truncateBefore(2)),
  "truncateBefore over several segments": verb(5, (log) => log.truncateBefore(17)),
  "truncateBefore up to a segment's first record": verb(4, (log) => log.truncateBefore(15)),
  "truncateBefore up to the end": verb(3, (log) => log.truncateBefore(15)),
  "truncateAfter in the segment that is written to": verb(1, (log) => log.truncateAfter(3)),
  "truncateAfter in the middle of a batch, over several segments": verb(5, (log) => log.truncateAfter(6)),
  "truncateAfter up to a segment's last record": verb(4, (log) => log.truncateAfter(9)),
  "truncateAfter with nothing left": verb(3, (log) => log.truncateAfter(-1)),
  "truncateAfter and other records in the same place": verb(
    3,
    (log) => log.truncateAfter(7),
    (log) => log.append({ value: "other" }),
    (log) => log.appendBatch([{ value: "another" }, { value: "third" }]),
  ),
  "truncateAfter again and again": verb(
    4,
    (log) => log.truncateAfter(16),
    (log) => log.truncateAfter(11),
    (log) => log.append({ value: "other" }),
    (log) => log.truncateAfter(3),
  ),
  "truncation at both ends": verb(
    4,
    (log) => log.truncateBefore(7),
    (log) => log.truncateAfter(11),
    (log) => log.truncateBefore(12),
    (log) => log.append({ value: "new" }),
  ),
  "truncateAfter with nothing left, of a log that had crashed before": replaced((log) =>
    log.truncateAfter(-1),
  ),
  "truncateAfter down to a segment that had replaced another": replaced(
    (log) => log.truncateAfter(4),
    (log) => log.append({ value: "other" }),
    (log) => log.truncateAfter(4),
    (log) => log.append({ value: "third" }),
  ),
  close: verb(2, (log) => log.close()),
  "close and a new start": verb(
    2,
    (log) => log.close(),
    (_, machine) => machine.open(),
    (log) => log.append({ value: "new" }),
    (log) => log.close(),
  ),
  "rotate and truncate behind a new start": verb(
    2,
    (log) => log.close(),
    async (_, machine) => (await machine.open()).rotate(),
    (log) => log.truncateBefore(4),
    (log) => log.truncateAfter(6),
  ),
  "open after the process died": {
    prepare: async (machine) => {
      await fill(await machine.open(), 3);
      await machine.die();
    },
    steps: [
      { run: (machine) => machine.open() },
      { run: (machine) => machine.latest()!.append({ value: "new" }) },
    ],
  },
  "a failed append and its retry": {
    prepare: async (machine) => {
      await fill(await machine.open(), 2);
    },
    steps: [
      {
        run: async (machine) => {
          machine.hook = failingAfterwards({ op: "flush" });
          await refusal(machine.latest()!.append({ value: "failed" }), "FLUSH_FAILED");
        },
        // Nobody can tell, until the retry has put something else in its place.
        unsure: "failed",
      },
      { run: (machine) => machine.latest()!.append({ value: "retried" }) },
      { run: (machine) => machine.latest()!.rotate() },
      { run: (machine) => machine.latest()!.truncateAfter(9) },
    ],
  },
};

describe.each(memories)("a crash at any change ($name) in the course of", (model) => {
  test.each(Object.keys(stories))("%s", async (name) => {
    expect(await crashEverywhere(model, stories[name]!)).toBeGreaterThan(10);
  });
});
