/**
 * Verifying a log: what it says of each kind of accident, segment by segment, and that it changes no byte. Each
 * test makes the accident on real bytes of a real log.
 */
import { describe, expect, test } from "vitest";
import { verify, type SegmentReport, type VerifyReport } from "../../src/index.ts";
import { printed, valuesOf } from "../support/content.ts";
import { failing, failingAfterwards } from "../support/faults.ts";
import { type Machine, models, topic } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import {
  batchesOf,
  cut,
  edit,
  fill,
  flip,
  overwrite,
  put,
  recordBatchesOf,
  remove,
  segmented,
  segmentsOf,
  zero,
} from "../recovery/damage.ts";

/** The report, after a look at whether anything was changed. */
async function verified(machine: Machine): Promise<VerifyReport> {
  const before = printed(await machine.files());
  const report = await verify({ storage: machine.storage, topic });
  expect(printed(await machine.files())).toEqual(before);
  return report;
}

function of(report: VerifyReport, name: string | undefined): SegmentReport {
  const found = report.segments.find(({ segment }) => segment === name);
  if (found === undefined) throw new Error(`nothing is said of ${name}`);
  return found;
}

const verdicts = (report: VerifyReport): string[] => report.segments.map(({ verdict }) => verdict);

describe.each(models)("verifying a log that nothing has befallen ($name)", (model) => {
  test.each([true, false])("finds it sound, and counts what is in it (closed: %s)", async (closed) => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 4, closed });
    const report = await verified(machine);
    expect(report).toMatchObject({ verdict: "sound", first: 0, next: 12, records: 12, closed, foreign: [] });
    expect(report.segments.map(({ segment }) => segment)).toEqual(names);
    expect(report.segments.map(({ first, next }) => [first, next])).toEqual([
      [0, 3],
      [3, 6],
      [6, 9],
      [9, 12],
    ]);
    expect(verdicts(report)).toEqual(["sound", "sound", "sound", "sound"]);
  });

  test("finds it sound while it is written to", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 2000 } });
    let isWriting = true;
    const writing = (async () => {
      while (isWriting) {
        await log.appendBatch([{ value: "x".repeat(100) }, { value: "y" }]);
        if (log.next % 20 !== 0) continue;
        await log.truncateBefore(Math.max(log.first, log.next - 40));
        // Where every operation is a microtask, nobody else would come to do anything.
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    try {
      for (let round = 0; round < 10; round++) {
        const report = await verify({ storage: machine.storage, topic });
        // At its end a write may be under way, or old bytes of a recycled file lie behind.
        expect(["sound", "torn"]).toContain(report.verdict);
        expect(report.segments.flatMap(({ damages }) => damages).length).toBeLessThanOrEqual(1);
        expect(report.next).toBeGreaterThanOrEqual(report.first);
      }
    } finally {
      isWriting = false;
      await writing;
    }
  });

  test("finds a truncated, an emptied and a new one sound", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 300 } });
    expect(await verified(machine)).toMatchObject({ verdict: "sound", first: 0, next: 0, records: 0 });
    await fill(log, 10);
    await log.truncateBefore(4);
    expect(await verified(machine)).toMatchObject({ verdict: "sound", first: 4, next: 10 });
    await log.truncateAfter(6);
    expect(await verified(machine)).toMatchObject({ first: 4, next: 7 });
    await log.truncateBefore(7);
    await log.close();
    expect(await verified(machine)).toMatchObject({ verdict: "sound", first: 7, next: 7, closed: true });
  });

  test("names the files that are none of its own", async () => {
    const machine = model.build();
    await segmented(machine, { segments: 2, closed: true });
    await put(machine, "notes.txt", Uint8Array.of(1, 2, 3));
    expect(await verified(machine)).toMatchObject({ verdict: "sound", foreign: ["notes.txt"] });
  });

  test("is refused where there is no log", async () => {
    const machine = model.build();
    await refusal(verify({ storage: machine.storage, topic: "nobody" }), "UNAVAILABLE");
  });

  test("tells its progress, and ends with its signal", async () => {
    const machine = model.build();
    await fill(await machine.open({ segment: { maxBytes: 60_000 } }), 300, 1000);
    await machine.die();
    const seen: number[] = [];
    // A clock that has always moved on makes every batch a moment to tell of.
    let now = 0;
    const storage = { ...machine.storage, elapsed: () => (now += 10) };
    await verify({ storage, topic }, { progress: ({ bytes, bytesTotal }) => seen.push(bytes / bytesTotal) });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBeGreaterThan(0.9);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(verify({ storage, topic }, { signal })).rejects.toThrow("enough");
  });
});

describe.each(models)("verifying a log with an unfinished end ($name)", (model) => {
  test.each([
    ["a batch cut off", (position: number) => cut(position + 40), "cut off"],
    ["a batch without its payload", (position: number) => cut(position + 64), "cut off"],
    ["a header half zero", (position: number) => zero(position + 32, position + 72), "header"],
  ])("calls it torn: %s", async (_, damage, reason) => {
    const machine = model.build();
    await fill(await machine.open(), 6);
    await machine.die();
    const [name] = await segmentsOf(machine);
    const last = (await recordBatchesOf(machine, name!)).at(-1)!;
    await edit(machine, name!, damage(last.position));
    const report = await verified(machine);
    expect(report).toMatchObject({ verdict: "torn", next: 5, records: 5 });
    const [segment] = report.segments;
    expect(segment).toMatchObject({ verdict: "torn", validBytes: last.position });
    expect(segment!.damages).toMatchObject([{ position: last.position, first: 5 }]);
    expect(segment!.damages[0]!.reason).toContain(reason);
    expect((await machine.open()).recovery).toMatchObject({ verdict: "torn", next: 5 });
  });

  test("says that one flipped bit would explain it", async () => {
    const machine = model.build();
    await fill(await machine.open(), 6);
    await machine.die();
    const [name] = await segmentsOf(machine);
    const last = (await recordBatchesOf(machine, name!)).at(-1)!;
    await edit(machine, name!, flip(last.position + 66));
    const [segment] = (await verified(machine)).segments;
    expect(segment!.verdict).toBe("torn");
    expect(segment!.damages[0]!.flipped).toEqual({ position: last.position + 66, bit: 0 });
  });

  test("takes zeros behind the end for what they are", async () => {
    const machine = model.build();
    await fill(await machine.open(), 2);
    await machine.die();
    const [name] = await segmentsOf(machine);
    await edit(machine, name!, (bytes) => Buffer.concat([bytes, Buffer.alloc(5000)]));
    expect(await verified(machine)).toMatchObject({ verdict: "sound", next: 2 });
  });

  test("calls a segment unborn that was never finished", async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(96), new Uint8Array(500).fill(7)]) {
      const machine = model.build();
      await segmented(machine, { segments: 2, closed: false });
      const name = "00000000000000000006.wal";
      await put(machine, name, bytes);
      const report = await verified(machine);
      expect(report).toMatchObject({ verdict: "torn", next: 6 });
      expect(of(report, name)).toMatchObject({ verdict: "unborn" });
    }
  });
});

describe.each(models)("verifying a damaged log ($name)", (model) => {
  test.each([true, false])(
    "finds any flipped bit of a segment that is linked or closed, and names it",
    async (closed) => {
      const machine = model.build();
      const names = await segmented(machine, { segments: 2, closed });
      const name = names[closed ? 1 : 0]!;
      const whole = (await machine.files()).get(name)!.slice();
      const batches = await batchesOf(machine, name);
      // The close and the seal are vouched for by nothing.
      const end = batches.findLast(({ control }) => control === undefined)!.end;
      for (let position = 0; position < end; position += machine.inMemory ? 7 : 41) {
        await edit(machine, name, () => flip(position)(whole.slice()));
        const report = await verified(machine);
        expect(report.verdict, `a bit of byte ${position}`).toBe("corrupt");
        const segment = of(report, name);
        expect(segment.verdict).toBe("corrupt");
        expect(segment.damages, `a bit of byte ${position}`).toHaveLength(1);
        const batch = batches.findLast((each) => each.position <= position);
        const isStart = batch === undefined || batch.position === 32;
        expect(segment.damages[0]!.position).toBe(isStart ? 0 : batch.position);
        const [record] = batch?.records ?? [];
        if (!isStart) {
          expect(segment.damages[0]!.first).toBe(record!.offset);
          if (record!.offset % 3 < 2) expect(segment.damages[0]!.next).toBe(record!.offset + 1);
        }
        expect(segment.damages[0]!.flipped, `a bit of byte ${position}`).toEqual({ position, bit: 0 });
      }
    },
  );

  test("finds all damages, and the records between them", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 12);
    await log.rotate();
    await fill(log, 1);
    await log.close();
    const [name] = await segmentsOf(machine);
    const batches = await recordBatchesOf(machine, name!);
    await edit(machine, name!, zero(batches[2]!.position, batches[4]!.position));
    await edit(machine, name!, flip(batches[7]!.position + 70));
    const report = await verified(machine);
    expect(report).toMatchObject({ verdict: "corrupt", next: 13, records: 10 });
    expect(of(report, name).damages).toMatchObject([
      { position: batches[2]!.position, first: 2, next: 4, reason: expect.stringContaining("zeros") },
      { position: batches[7]!.position, first: 7, next: 8, reason: expect.stringContaining("payload") },
    ]);
  });

  test("finds damage below a watermark in the last segment, whose end is fine", async () => {
    const machine = model.build();
    await fill(await machine.open(), 6);
    await machine.die();
    const [name] = await segmentsOf(machine);
    const batch = (await recordBatchesOf(machine, name!))[2]!;
    await edit(machine, name!, flip(batch.position + 66));
    const report = await verified(machine);
    expect(report).toMatchObject({ verdict: "corrupt", records: 5, next: 6 });
    expect(of(report, name).damages).toMatchObject([{ position: batch.position, first: 2, next: 3 }]);
    const reading = valuesOf(await machine.open());
    expect(await refusal(reading, "CORRUPT")).toMatchObject({ position: batch.position });
  });

  test("finds that a linked segment was cut off, also at the end of a batch", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 3, closed: true });
    const last = (await recordBatchesOf(machine, names[1]!)).at(-1)!;
    for (const end of [last.position, last.position + 30, last.end - 8]) {
      await edit(machine, names[1]!, cut(end));
      const report = await verified(machine);
      expect(report).toMatchObject({ verdict: "corrupt", next: 9 });
      expect(of(report, names[1]).damages).toMatchObject([{ position: last.position, first: 5, next: 6 }]);
    }
  });

  test("finds the bytes of another segment in place of a linked one", async () => {
    const [machine, other] = [model.build(), model.build()];
    const names = await segmented(machine, { segments: 3, closed: true });
    other.now += 5;
    await segmented(other, { segments: 3, closed: true });
    const stranger = (await other.files()).get(names[1]!)!;
    await edit(machine, names[1]!, () => stranger);
    const report = await verified(machine);
    // On its other side, it does not continue the one before it either.
    expect(verdicts(report)).toEqual(["corrupt", "corrupt", "sound"]);
    expect(of(report, names[1]).damages[0]!.reason).toContain("not those");
  });

  test("finds a segment of another log", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 2, closed: true });
    await edit(machine, names[0]!, overwrite(28, Uint8Array.of(9, 0, 0, 0)));
    const report = await verified(machine);
    expect(verdicts(report)).toEqual(["corrupt", "sound"]);
  });

  test("keeps apart what cannot be read from what is damaged", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 3, closed: true });
    machine.hook = failing({ op: "read", name: names[1]!, times: Infinity });
    const report = await verify({ storage: machine.storage, topic });
    machine.hook = undefined;
    expect(verdicts(report)).toEqual(["sound", "error", "sound"]);
    expect(report.verdict).toBe("error");
    expect(of(report, names[1]).damages[0]!.reason).toContain("EIO");
  });

  test("says of a later format that it does not know it", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 2, closed: true });
    await edit(machine, names[1]!, overwrite(4, Uint8Array.of(2)));
    const report = await verified(machine);
    expect(of(report, names[1])).toMatchObject({ verdict: "error" });
    expect(of(report, names[1]).damages[0]!.reason).toContain("version is 2");
  });
});

describe.each(models)("verifying a log whose files are gone ($name)", (model) => {
  test.each([
    ["the first", [0], [{ first: 0, next: 3 }]],
    ["the second", [1], [{ first: 3, next: 6 }]],
    ["the last", [4], [{ first: 12, next: undefined }]],
    ["two in the middle", [1, 2], [{ first: 3, next: 9 }]],
    [
      "two apart",
      [1, 3],
      [
        { first: 3, next: 6 },
        { first: 9, next: 12 },
      ],
    ],
    ["the first two", [0, 1], [{ first: 0, next: 6 }]],
  ])("says which records are missing: %s", async (_, indexes, ranges) => {
    for (const closed of [true, false]) {
      const machine = model.build();
      const names = await segmented(machine, { segments: 5, closed });
      for (const index of indexes) await remove(machine, names[index]!);
      const report = await verified(machine);
      expect(report.verdict).toBe("corrupt");
      const missing = report.segments.filter(({ verdict }) => verdict === "missing");
      const first = Math.min(...missing.map((each) => each.first!));
      const next = missing.at(-1)!.next;
      expect({ first, next }).toEqual({ first: ranges[0]!.first, next: ranges.at(-1)!.next });
      if (indexes[0] === 1 && indexes[1] === 3) expect(missing).toMatchObject(ranges);
      const rest = report.segments.filter(({ verdict }) => verdict !== "missing");
      expect(rest.every(({ verdict }) => verdict === "sound")).toBe(true);
      expect(rest.map(({ segment }) => segment)).toEqual(
        names.filter((_name, index) => !indexes.includes(index)),
      );
    }
  });

  test("finds damage before a missing segment, by what a damaged batch behind it vouches for", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 3, closed: true });
    await remove(machine, names[1]!);
    const [, second, third] = await recordBatchesOf(machine, names[0]!);
    await edit(machine, names[0]!, flip(second!.position + 3));
    await edit(machine, names[0]!, (bytes) => cut(third!.end)(flip(third!.position + 66)(bytes)));
    const report = await verified(machine);
    expect(report.segments.map(({ verdict, next }) => [verdict, next])).toEqual([
      ["corrupt", 1],
      ["missing", 6],
      ["sound", 9],
    ]);
  });

  test("finds a damaged start beside a missing segment", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 6, closed: true });
    await remove(machine, names[2]!);
    await edit(machine, names[3]!, zero(0, 100));
    const report = await verified(machine);
    expect(report.segments.map(({ verdict, first, next }) => [verdict, first, next])).toEqual([
      ["sound", 0, 3],
      ["sound", 3, 6],
      ["missing", 6, 9],
      ["corrupt", 9, 12],
      ["sound", 12, 15],
      ["sound", 15, 18],
    ]);
  });
});

describe.each(models)("verifying what a later epoch has replaced ($name)", (model) => {
  test("calls a segment superseded behind whose end a failed flush left records", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 2);
    machine.hook = failingAfterwards({ op: "flush" });
    await refusal(log.appendBatch([{ value: "failed" }, { value: "failed too" }]), "FLUSH_FAILED");
    machine.hook = undefined;
    await log.append({ value: "retried" });
    await machine.die();
    const report = await verified(machine);
    expect(report).toMatchObject({ verdict: "sound", next: 3, records: 3 });
    expect(verdicts(report)).toEqual(["superseded", "sound"]);
    expect(report.segments[0]).toMatchObject({ first: 0, next: 2, replaced: { first: 2, next: 4 } });
  });

  test("calls whole segments superseded that a truncation left behind", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (let segment = 0; segment < 4; segment++) {
      if (segment > 0) await log.rotate();
      await fill(log, 3);
    }
    const before = await machine.files();
    await log.truncateAfter(4);
    await machine.die();
    const after = await machine.files();
    const removed = [...before].filter(([name]) => !after.has(name));
    for (const [name, bytes] of removed) await put(machine, name, bytes);
    const report = await verified(machine);
    expect(report).toMatchObject({ verdict: "sound", first: 0, next: 5 });
    for (const [name] of removed) expect(of(report, name)).toMatchObject({ verdict: "superseded" });
  });
});
