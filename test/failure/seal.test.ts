/**
 * The note at the end of a finished segment that it has a successor. It is a help and not a promise, so its
 * failure is nobody's failure; but the file has failed then, and is neither touched nor used again.
 */
import { describe, expect, test } from "vitest";
import { valuesOf } from "../support/content.ts";
import { failing, failingAfterwards, miscounting } from "../support/faults.ts";
import type { Hook } from "../support/faulty-storage.ts";
import { models } from "../support/machine.ts";

/** The second write of a rotation is the note; the first begins the next segment. */
const faults: Record<string, () => Hook> = {
  fails: () => failing({ op: "write", after: 1 }),
  "fails when it was done": () => failingAfterwards({ op: "write", after: 1 }),
  "is short": () => miscounting({ after: 1 }, () => ({ bytes: 20 })),
  "is answered with a larger number": () => miscounting({ after: 1 }, () => ({ answer: 4_294_967_288 })),
};

describe.each(models)("a note whose write fails ($name)", (model) => {
  test.each(Object.keys(faults))("in that it %s does not keep a rotation from succeeding", async (name) => {
    const machine = model.build();
    const log = await machine.open();
    const { segment } = await log.append({ value: "a" });
    machine.hook = faults[name]!();
    machine.calls = [];
    expect(await log.rotate()).toMatchObject({ first: 0, next: 1 });
    const touched = machine.calls.filter((call) => call.name === segment).map(({ op }) => op);
    expect(touched).toEqual(["write"]);

    await log.append({ value: "b" });
    expect(await valuesOf(log)).toEqual(["a", "b"]);
    await machine.die();
    expect(await valuesOf(await machine.open())).toEqual(["a", "b"]);
  });

  test.each(Object.keys(faults))("in that it %s leaves a file that is not recycled", async (name) => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" });
    machine.hook = faults[name]!();
    await log.rotate();
    machine.hook = undefined;
    await log.append({ value: "b" });
    // The machine notes it when a file that failed is given back for reuse.
    await log.truncateBefore(1);
    await log.rotate();
    await log.append({ value: "c" });
    expect(await valuesOf(log)).toEqual(["b", "c"]);
    expect(machine.misuses).toEqual([]);
  });

  test.each(Object.keys(faults))(
    "in that it %s leaves one that is not recycled later either",
    async (name) => {
      const machine = model.build();
      const log = await machine.open();
      await log.append({ value: "a" });
      machine.hook = faults[name]!();
      await log.rotate();
      machine.hook = undefined;
      await log.append({ value: "b" });
      await log.close();

      const again = await machine.open();
      await again.truncateBefore(1);
      expect(await valuesOf(again)).toEqual(["b"]);
      expect(machine.misuses).toEqual([]);
    },
  );
});
