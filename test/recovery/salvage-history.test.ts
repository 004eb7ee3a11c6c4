/**
 * Salvage of logs with a past: truncated at either end, failed, crashed, recovered, salvaged before. What was
 * taken away on purpose stays away, what a later epoch replaced stays dead, and what the log would have
 * served is in the copy. Nothing is damaged here, so the copy must equal the log.
 */
import { describe, expect, test } from "vitest";
import { salvage } from "../../src/index.ts";
import { linesOf, valuesOf } from "../support/content.ts";
import { failing, failingAfterwards } from "../support/faults.ts";
import { type Machine, models, topic } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { edit, fill, flip, put, recordBatchesOf, remove, segmented, segmentsOf } from "./damage.ts";
import { reopened, salvaged } from "./salvaging.ts";

/** Appends one batch of as many records as there are letters, each with all that a record can have. */
function letters(
  text: string,
): { value: string; key?: string; headers: Record<string, string>; kind: number; timestamp: number }[] {
  return [...text].map((letter, index) => ({
    value: letter.repeat(index * 7),
    ...(index % 2 === 0 && { key: `key of ${letter}` }),
    headers: { letter, empty: "" },
    kind: index % 128,
    timestamp: 1_600_000_000_000 - index,
  }));
}

describe.each(models)("salvage of a healthy log ($name)", (model) => {
  test("makes an equal log, closed or not", async () => {
    for (const closed of [true, false]) {
      const machine = model.build();
      const log = await machine.open({ segment: { maxBytes: 900 } });
      for (const text of ["abc", "d", "efghijk", "lm"]) await log.appendBatch(letters(text));
      await fill(log, 9, 30);
      const lines = await linesOf(log);
      if (closed) await log.close();
      else await machine.die();
      const copy = await salvaged(machine, model);
      expect(copy.report).toEqual({ kept: [{ first: 0, next: lines.length }], lost: [], problems: [] });
      expect(await linesOf(copy.log)).toEqual(lines);
      expect(await linesOf(await reopened(copy))).toEqual(lines);
    }
  });

  test("keeps batches together", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (const text of ["abc", "d", "efghijk"]) await log.appendBatch(letters(text));
    await log.close();
    const { log: copy } = await salvaged(machine, model);
    const batches = [];
    for await (const { first, next } of copy.readBatches()) batches.push([first, next]);
    expect(batches).toEqual([
      [0, 3],
      [3, 4],
      [4, 11],
    ]);
  });

  test("of an empty log is an empty log", async () => {
    const machine = model.build();
    await (await machine.open()).close();
    const { log, report } = await salvaged(machine, model);
    expect(report).toEqual({ kept: [], lost: [], problems: [] });
    expect(log).toMatchObject({ first: 0, next: 0 });
    expect((await log.append({ value: "a" })).offset).toBe(0);
  });

  test.each([400, 700, 2000, 100_000])(
    "writes segments of the size that is asked for: %i bytes",
    async (maxBytes) => {
      const machine = model.build();
      const log = await machine.open({ segment: { maxBytes: 1500 } });
      await fill(log, 40, 50);
      const lines = await linesOf(log);
      await log.close();
      const copy = await salvaged(machine, model, { segment: { maxBytes } });
      expect(await linesOf(copy.log)).toEqual(lines);
      const sizes = [...(await copy.machine.files())]
        .filter(([name]) => name.endsWith(".wal"))
        .map(([, { length }]) => length);
      // One batch may stand over the edge, and the close or seal behind it.
      if (maxBytes > 500) expect(Math.max(...sizes)).toBeLessThan(maxBytes + 400);
      expect(sizes.length > 10).toBe(maxBytes < 700);
      await fill(copy.log, 3);
      expect((await linesOf(await reopened(copy))).slice(0, 40)).toEqual(lines);
    },
  );

  // A start may be larger than the segments are to be; each of them takes at least one batch all the same.
  test("comes to an end, however small its segments are to be", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 5);
    const lines = await linesOf(log);
    await log.close();
    const target = model.build();
    target.hook = failing({ op: "create", after: 20, times: Infinity });
    const to = { storage: target.storage, topic, segment: { maxBytes: 1 } };
    await salvage({ storage: machine.storage, topic }, to);
    expect(await linesOf(await target.open())).toEqual(lines);
  });
});

describe.each(models)("salvage of a truncated log ($name)", (model) => {
  test("keeps truncated what was truncated, also in the middle of a batch", async () => {
    for (const [before, after] of [
      [4, 14],
      [3, 13],
      [0, 8],
      [7, 7],
    ] as const) {
      const machine = model.build();
      const log = await machine.open();
      await log.appendBatch(letters("abcdef"));
      await log.rotate();
      await log.appendBatch(letters("ghijkl"));
      await log.appendBatch(letters("mnop"));
      await log.truncateBefore(before);
      await log.truncateAfter(after);
      const lines = await linesOf(log);
      expect(lines).toHaveLength(after + 1 - before);
      await log.close();
      const copy = await salvaged(machine, model);
      expect(copy.report).toMatchObject({ kept: [{ first: before, next: after + 1 }], lost: [] });
      expect(await linesOf(copy.log)).toEqual(lines);
      expect(copy.log.first).toBe(before);
      expect((await copy.log.append({ value: "next" })).offset).toBe(after + 1);
      const again = await reopened(copy);
      expect(again.first).toBe(before);
      expect((await linesOf(again)).slice(0, -1)).toEqual(lines);
    }
  });

  test("keeps what was written instead of what was truncated", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(letters("abcdef"));
    await log.truncateAfter(2);
    await log.appendBatch(letters("xyz"));
    await log.truncateAfter(3);
    await fill(log, 2);
    const lines = await linesOf(log);
    await log.close();
    const { log: copy } = await salvaged(machine, model);
    expect(await linesOf(copy)).toEqual(lines);
  });

  test("of which nothing is left goes on where it was", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 5);
    await log.truncateBefore(5);
    await log.close();
    const { log: copy } = await salvaged(machine, model);
    expect(copy).toMatchObject({ first: 5, next: 5 });
    expect((await copy.append({ value: "a" })).offset).toBe(5);
  });
});

/** A log that crashed while it rewrote its last three records, and `size` bytes of the new file. */
async function interrupted(machine: Machine, size: number): Promise<string[]> {
  const log = await machine.open({ maxBatchBytes: 100 });
  await fill(log, 3);
  await Promise.all([..."abc"].map((letter) => log.append({ value: letter.repeat(50) })));
  const lines = await linesOf(log);
  await machine.die();
  const before = await machine.files();
  await machine.open();
  const name = (await segmentsOf(machine))[1]!;
  const whole = (await machine.files()).get(name)!;
  await machine.die();
  for (const [each, bytes] of before) await put(machine, each, bytes);
  await put(machine, name, whole.slice(0, size));
  return lines;
}

describe.each(models)("salvage after a failure ($name)", (model) => {
  test("leaves out what was rejected, though it can be read", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 2);
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.appendBatch([{ value: "failed" }, { value: "failed too" }]), "FLUSH_FAILED");
    machine.hook = undefined;
    await log.append({ value: "retried" });
    await machine.die();
    const { log: copy } = await salvaged(machine, model);
    expect(await valuesOf(copy)).toEqual(["0 ", "1 ", "retried"]);
  });

  test("leaves no record out because a truncation failed", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 4);
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.truncateBefore(3), "FLUSH_FAILED");
    machine.hook = undefined;
    await log.append({ value: "4" });
    expect(log.first).toBe(0);
    const lines = await linesOf(log);
    await machine.die();
    const { log: copy } = await salvaged(machine, model);
    expect(await linesOf(copy)).toEqual(lines);
  });

  // Opening takes such a segment for nothing and serves all six: salvage must not save fewer.
  test.each([0, 50, 200, 300, 400])(
    "takes a segment that was never finished for nothing: %i bytes",
    async (size) => {
      const machine = model.build();
      const lines = await interrupted(machine, size);
      const { log } = await salvaged(machine, model);
      expect(await linesOf(log)).toEqual(lines);
    },
  );
});

describe.each(models)("salvage of a salvaged log ($name)", (model) => {
  test("several times over loses nothing more, and keeps telling what was lost", async () => {
    let machine = model.build();
    const names = await segmented(machine, { segments: 4, closed: true });
    await remove(machine, names[1]!);
    let lines: string[] = [];
    const lost = [{ first: 3, next: 6 }];
    for (let round = 0; round < 4; round++) {
      const copy = await salvaged(machine, model, { segment: { maxBytes: 300 + round * 100 } });
      expect(copy.report.lost).toEqual(lost);
      if (round > 0) expect(await linesOf(copy.log)).toEqual(lines);
      // The copy gets a wound of its own.
      await copy.log.append({ value: `round ${round}` });
      lines = await linesOf(copy.log);
      await copy.log.close();
      machine = copy.machine;
    }
    const [name] = await segmentsOf(machine);
    await edit(machine, name!, flip((await recordBatchesOf(machine, name!))[0]!.position + 66));
    const { log, report } = await salvaged(machine, model);
    expect(report.lost).toEqual([{ first: 0, next: 1 }, ...lost]);
    expect(await linesOf(log)).toEqual(lines.slice(1));
  });
});
