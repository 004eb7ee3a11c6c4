/**
 * When the next segment cannot be created, nothing changes: ids, counters and handles are as before, and
 * the next append tries again (design, "When a flush fails", 7). Each step of a birth fails here once: its
 * creation, the write of its start, the flush of that, and the removal of what was left half made.
 */
import { describe, expect, test } from "vitest";
import { linesOf, summaryOf, valuesOf } from "../support/content.ts";
import type { Hook } from "../support/faulty-storage.ts";
import { anyOf, failing, failingAfterwards, miscounting } from "../support/faults.ts";
import { type Machine, models } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";

const steps: Record<string, () => Hook> = {
  "its creation fails": () => failing({ op: "create" }),
  "the write of its start fails": () => failing({ op: "write" }),
  "the write of its start is short": () => miscounting({}, () => ({ bytes: 50 })),
  "its flush fails": () => failing({ op: "flush" }),
  "its flush fails when it was done": () => failingAfterwards({ op: "flush" }),
  "the write fails, and so does the removal": () =>
    anyOf(failing({ op: "write" }), failing({ op: "remove" })),
  "the flush fails, and so does the removal": () =>
    anyOf(failing({ op: "flush" }), failing({ op: "remove" })),
  "the flush fails when it was done, and so does the removal": () =>
    anyOf(failingAfterwards({ op: "flush" }), failing({ op: "remove" })),
  "the flush fails, and the file cannot be closed": () =>
    anyOf(failing({ op: "flush" }), failing({ op: "close" })),
};

const names = Object.keys(steps);
const kept = ["a", "b", "c"];

describe.each(models)("a segment that cannot be begun ($name)", (model) => {
  test.each(names)("for a rotation because %s leaves everything as it was", async (name) => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(kept.map((value) => ({ value })));
    const before = await summaryOf(log);
    const { segments, rotations } = log.stats();

    machine.hook = steps[name]!();
    await refusal(log.rotate(), "FLUSH_FAILED");
    expect(await summaryOf(log)).toEqual(before);
    expect(log.stats()).toMatchObject({ segments, rotations });

    machine.hook = undefined;
    expect(await log.rotate()).toMatchObject({ first: 0, next: 3 });
    expect(await log.append({ value: "d" })).toMatchObject({ offset: 3 });
    await expectThroughCrashes(machine, [...kept, "d"]);
  });

  test.each(names)(
    "when the last one is full because %s rejects the append, and not the next",
    async (name) => {
      const machine = model.build();
      const log = await machine.open({ segment: { maxBytes: 600 } });
      await log.appendBatch(kept.map((value) => ({ value })));
      const before = await summaryOf(log);

      machine.hook = steps[name]!();
      await refusal(log.append({ value: "x".repeat(400) }), "FLUSH_FAILED");
      expect(await summaryOf(log)).toEqual(before);

      machine.hook = undefined;
      expect(await log.append({ value: "d" })).toMatchObject({ offset: 3 });
      await expectThroughCrashes(machine, [...kept, "d"]);
    },
  );

  test.each(names)("after a failed flush because %s rejects the retry, and not the next", async (name) => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(kept.map((value) => ({ value })));
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.append({ value: "failed" }), "FLUSH_FAILED");
    const before = await summaryOf(log);

    machine.hook = steps[name]!();
    await refusal(log.append({ value: "first retry" }), "FLUSH_FAILED");
    expect(await summaryOf(log)).toEqual(before);

    machine.hook = undefined;
    expect(await log.append({ value: "second retry" })).toMatchObject({ offset: 3 });
    await expectThroughCrashes(machine, [...kept, "second retry"]);
  });

  test.each(names)("for a truncation because %s truncates nothing", async (name) => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(kept.map((value) => ({ value })));
    const before = await summaryOf(log);

    machine.hook = steps[name]!();
    await refusal(log.truncateAfter(0), "FLUSH_FAILED");
    expect(await summaryOf(log)).toEqual(before);
    machine.hook = steps[name]!();
    await refusal(log.truncateBefore(3), "FLUSH_FAILED");
    expect(await summaryOf(log)).toEqual(before);

    machine.hook = undefined;
    await log.truncateAfter(1);
    expect(await log.append({ value: "instead" })).toMatchObject({ offset: 2 });
    await expectThroughCrashes(machine, ["a", "b", "instead"]);
  });
});

/** The log holds `values` now, after its process has died, and after it was closed. */
async function expectThroughCrashes(machine: Machine, values: readonly string[]): Promise<void> {
  if (machine.inMemory) {
    const before = await machine.files();
    machine.losePower();
    const log = await machine.open();
    expect(await valuesOf(log)).toEqual(values);
    expect(before.size).toBeGreaterThan(0);
  }
  await machine.die();
  const log = await machine.open();
  expect(await valuesOf(log)).toEqual(values);
  const lines = await linesOf(log);
  await log.close();
  const again = await machine.open();
  expect(await linesOf(again)).toEqual(lines);
  expect(again.recovery).toMatchObject({ verdict: "clean", unborn: [], superseded: [] });
  await again.close();
}
