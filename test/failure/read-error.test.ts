/**
 * Reads that fail. A read error says nothing about the bytes: it is never taken for the end of the log or
 * for damage, and nothing is cut off, removed or rewritten because of it (rocksdb#6288). Each read of an
 * opening fails here once, and every byte on the disk is compared.
 */
import { describe, expect, test } from "vitest";
import { openReader } from "../../src/index.ts";
import { printed, summaryOf, valuesOf } from "../support/content.ts";
import { anyOf, failing, failingAfterwards, miscounting, type Target } from "../support/faults.ts";
import { type Machine, models, topic } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";

/** The reads of files that are in the place already. */
function readsOf(files: ReadonlyMap<string, unknown>): Pick<Target, "op" | "when"> {
  return { op: ["list", "open", "size", "read"], when: ({ op, name }) => op === "list" || files.has(name) };
}

/** Logs as a process may leave them, from plain to tangled. */
const remains: Record<string, (machine: Machine) => Promise<void>> = {
  "was closed": async (machine) => {
    const log = await machine.open({ segment: { maxBytes: 500 } });
    for (let index = 0; index < 10; index++) await log.append({ value: `${index} ${"x".repeat(50)}` });
    await log.close();
  },
  "was not closed": async (machine) => {
    const log = await machine.open({ segment: { maxBytes: 500 } });
    for (let index = 0; index < 10; index++) await log.append({ value: `${index} ${"x".repeat(50)}` });
    await machine.die();
  },
  "ends in half a write": async (machine) => {
    const log = await machine.open();
    await log.append({ value: "a" });
    machine.hook = miscounting({}, () => ({ bytes: 80 }));
    await refusal(log.append({ value: "b".repeat(100) }), "FLUSH_FAILED");
    await machine.die();
  },
  "has segments that were replaced, and one that was never finished": async (machine) => {
    const log = await machine.open({ segment: { maxBytes: 300 } });
    for (let index = 0; index < 10; index++) await log.append({ value: `${index} ${"x".repeat(50)}` });
    machine.hook = failing({ op: "remove", times: Infinity });
    await log.truncateAfter(4);
    await log.append({ value: "instead" });
    await log.truncateBefore(2);
    machine.hook = anyOf(
      miscounting({}, () => ({ bytes: 50 })),
      failing({ op: "remove", times: Infinity }),
    );
    await refusal(log.rotate(), "FLUSH_FAILED");
    await machine.die();
  },
};

describe.each(models)("opening ($name)", (model) => {
  test.each(Object.keys(remains))(
    "a log that %s is refused when a read fails, and changes nothing",
    async (name) => {
      const machine = model.build();
      await remains[name]!(machine);
      machine.hook = undefined;
      const files = await machine.files();
      const before = printed(files);

      let after = 0;
      for (; ; after++) {
        const hook = failing({ ...readsOf(files), after });
        machine.hook = hook;
        machine.calls = [];
        const opening = machine.open();
        await opening.catch(() => undefined);
        if (hook.met === 0) break;
        const error = await refusal(opening, "READ_FAILED");
        expect(error.cause).toMatchObject({ code: "EIO" });
        machine.hook = undefined;
        expect(printed(await machine.files()), `after the failure of read ${after}`).toEqual(before);
      }
      // It found something to read, and the last opening, without a failure, succeeded.
      expect(after).toBeGreaterThan(3);
    },
  );

  test("for reading is refused as well, and does no harm", async () => {
    const machine = model.build();
    await remains["was closed"]!(machine);
    const files = await machine.files();
    const before = printed(files);
    const hook = failing({ ...readsOf(files), times: Infinity });
    machine.hook = hook;
    await refusal(openReader({ storage: machine.storage, topic }), "READ_FAILED");
    machine.hook = undefined;
    expect(printed(await machine.files())).toEqual(before);
    const reader = await openReader({ storage: machine.storage, topic });
    expect(await valuesOf(reader)).toHaveLength(10);
    await reader.close();
  });
});

describe.each(models)("a read that fails in an open log ($name)", (model) => {
  test("fails a truncation at the end, which has changed nothing then", async () => {
    const machine = model.build();
    await remains["was closed"]!(machine);
    const log = await machine.open();
    const before = await summaryOf(log);
    for (let after = 0; ; after++) {
      const hook = failing({ op: ["read", "open"], after });
      machine.hook = hook;
      const truncation = log.truncateAfter(3);
      await truncation.catch(() => undefined);
      if (hook.met === 0) break;
      await refusal(truncation, "READ_FAILED");
      machine.hook = undefined;
      expect(await summaryOf(log)).toEqual(before);
    }
    machine.hook = undefined;
    expect(await valuesOf(log)).toEqual(before.values.slice(0, 4));
    expect(await log.append({ value: "4" })).toMatchObject({ offset: 4 });
  });

  test("fails a look-up by time, and the next one succeeds", async () => {
    const machine = model.build();
    await remains["was closed"]!(machine);
    const log = await machine.open();
    machine.hook = failing({ op: "read" });
    await refusal(log.offsetAt(0), "READ_FAILED");
    expect(await log.offsetAt(0)).toBe(0);
    expect(await log.offsetAt(machine.now + 1)).toBe(10);
  });

  test("does not stop appends, rotation or retention", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 300 }, retention: { maxBytes: 2000 } });
    machine.hook = failing({ op: ["read", "open"], times: Infinity });
    for (let index = 0; index < 40; index++) await log.append({ value: `${index} ${"x".repeat(50)}` });
    expect(log.next).toBe(40);
    machine.hook = failingAfterwards({ op: "read" });
    await refusal(valuesOf(log), "READ_FAILED");
    const { first, next, values } = await summaryOf(log);
    expect(values).toHaveLength(next - first);
  });
});
