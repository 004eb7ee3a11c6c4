/**
 * Salvage of damaged logs: everything readable is copied under the offsets it had, what is not is listed and
 * stays reserved, and not a byte of the evidence changes. Every test compares the copy with what the log
 * held before the damage.
 */
import { describe, expect, test } from "vitest";
import type { LogRecord, OffsetRange, Storage } from "../../src/index.ts";
import { openLog, openReader, salvage } from "../../src/index.ts";
import { lineOf, linesOf, printed } from "../support/content.ts";
import { diskError } from "../support/faults.ts";
import { type Machine, models, topic } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import {
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
} from "./damage.ts";
import { salvaged } from "./salvaging.ts";

const isIn = (range: OffsetRange, { offset }: LogRecord): boolean =>
  offset >= range.first && offset < range.next;

const address = (storage: Storage): { storage: Storage; topic: string } => ({ storage, topic });

/** A log of five segments of three records, closed, and its records. */
async function healthy(machine: Machine): Promise<{ names: string[]; records: LogRecord[] }> {
  const names = await segmented(machine, { segments: 5, closed: true });
  const log = await openReader({ storage: machine.storage, topic });
  const records: LogRecord[] = [];
  for await (const record of log.read()) records.push(record);
  await log.close();
  return { names, records };
}

describe.each(models)("salvage ($name)", (model) => {
  test.each<[string, OffsetRange[], (machine: Machine, names: string[]) => Promise<void>]>([
    [
      "a record in the middle of a segment",
      [{ first: 7, next: 8 }],
      async (machine, names) => {
        const batch = (await recordBatchesOf(machine, names[2]!))[1]!;
        await edit(machine, names[2]!, flip(batch.position + 66));
      },
    ],
    [
      "the header of a batch",
      [{ first: 7, next: 8 }],
      async (machine, names) => {
        const batch = (await recordBatchesOf(machine, names[2]!))[1]!;
        await edit(machine, names[2]!, flip(batch.position + 5));
      },
    ],
    [
      "the first and the last of a segment",
      [
        { first: 6, next: 7 },
        { first: 8, next: 9 },
      ],
      async (machine, names) => {
        const batches = await recordBatchesOf(machine, names[2]!);
        await edit(machine, names[2]!, flip(batches[0]!.position + 66));
        await edit(machine, names[2]!, zero(batches[2]!.position, batches[2]!.end));
      },
    ],
    ["the start of the first segment", [], (machine, names) => edit(machine, names[0]!, flip(40))],
    ["the start of a segment in the middle", [], (machine, names) => edit(machine, names[2]!, zero(32, 100))],
    ["the start of the last segment", [], (machine, names) => edit(machine, names[4]!, flip(33))],
    [
      "all that is not a record in every segment",
      [],
      async (machine, names) => {
        for (const name of names) await edit(machine, name, zero(0, 60));
      },
    ],
    [
      "a segment that is gone from the middle",
      [{ first: 6, next: 9 }],
      (machine, names) => remove(machine, names[2]!),
    ],
    [
      "a segment that is all zeros",
      [{ first: 3, next: 6 }],
      (machine, names) => edit(machine, names[1]!, (bytes) => new Uint8Array(bytes.length)),
    ],
    [
      "a segment that is empty",
      [{ first: 3, next: 6 }],
      (machine, names) => edit(machine, names[1]!, () => new Uint8Array(0)),
    ],
    ["the first segment gone", [{ first: 0, next: 3 }], (machine, names) => remove(machine, names[0]!)],
    [
      "two segments gone, and a record",
      [{ first: 3, next: 10 }],
      async (machine, names) => {
        await remove(machine, names[1]!);
        await remove(machine, names[2]!);
        const batch = (await recordBatchesOf(machine, names[3]!))[0]!;
        await edit(machine, names[3]!, flip(batch.position + 66));
      },
    ],
    [
      "the last record, which the close vouches for",
      [{ first: 14, next: 15 }],
      async (machine, names) => {
        const batch = (await recordBatchesOf(machine, names[4]!))[2]!;
        await edit(machine, names[4]!, flip(batch.position + 66));
      },
    ],
    [
      "garbage over a record and a half",
      [{ first: 4, next: 6 }],
      async (machine, names) => {
        const batches = await recordBatchesOf(machine, names[1]!);
        await edit(machine, names[1]!, overwrite(batches[1]!.position + 8, new Uint8Array(80).fill(0xa5)));
      },
    ],
  ])("of a log that lost %s", async (_, lost, damage) => {
    const machine = model.build();
    const { names, records } = await healthy(machine);
    await damage(machine, names);
    const copy = await salvaged(machine, model);

    expect(copy.report.lost).toEqual(lost);
    const expected = records.filter((record) => !lost.some((range) => isIn(range, record)));
    expect(await linesOf(copy.log)).toEqual(expected.map(lineOf));
    expect(copy.log).toMatchObject({ first: 0, next: 15, durable: 15 });
    expect(copy.log.recovery).toMatchObject({ verdict: "clean", foreign: [] });
    const covered = [...copy.report.kept, ...lost].toSorted((one, other) => one.first - other.first);
    expect(
      covered.flatMap(({ first, next }) => Array.from({ length: next - first }, (__, at) => first + at)),
    ).toEqual(records.map(({ offset }) => offset));
  });

  test("of a log whose end is torn or gone keeps what is before it", async () => {
    for (const damage of ["torn", "gone"]) {
      const machine = model.build();
      const { names, records } = await healthy(machine);
      const last = (await recordBatchesOf(machine, names[4]!))[1]!;
      await edit(machine, names[4]!, damage === "torn" ? cut(last.position + 70) : cut(0));
      const { log, report } = await salvaged(machine, model);
      const next = damage === "torn" ? 13 : 12;
      expect(report).toMatchObject({ kept: [{ first: 0, next }], lost: [] });
      expect(await linesOf(log)).toEqual(records.slice(0, next).map(lineOf));
      expect(log.next).toBe(next);
    }
  });

  test("of a disk that cannot read some bytes goes on around them", async () => {
    const machine = model.build();
    const log = await machine.open();
    for (let index = 0; index < 100; index++) await log.append({ value: "x".repeat(1000) });
    await log.close();
    const [name] = await segmentsOf(machine);
    const bad = 50_000;
    machine.hook = ({ op, position, length }) => {
      if (op === "read" && position! <= bad && bad < position! + length!) throw diskError();
      return undefined;
    };
    const { log: copy, report } = await salvaged(machine, model);
    machine.hook = undefined;
    expect(report.lost).toHaveLength(1);
    const [lost] = report.lost;
    // At most the records that share a piece of 4 KiB with the bytes.
    expect(lost!.next - lost!.first).toBeLessThanOrEqual(9);
    expect(copy).toMatchObject({ first: 0, next: 100 });
    expect(report.problems.every((problem) => problem.segment === name)).toBe(true);
    expect(report.problems.some((problem) => problem.reason.includes("EIO"))).toBe(true);
  });

  test("says which problems it met, and where", async () => {
    const machine = model.build();
    const { names } = await healthy(machine);
    const batch = (await recordBatchesOf(machine, names[1]!))[1]!;
    await edit(machine, names[1]!, flip(batch.position));
    await edit(machine, names[3]!, flip(40));
    const { report } = await salvaged(machine, model);
    expect(report.problems.map(({ segment }) => segment)).toEqual([names[1], names[3]]);
    expect(report.problems[0]).toMatchObject({ position: batch.position });
    for (const { reason } of report.problems) expect(reason).not.toBe("");
  });

  test("of a log with a segment of another one keeps to its own records", async () => {
    const machine = model.build();
    const { records } = await healthy(machine);
    const other = await openLog({ storage: machine.storage, topic: "payments" });
    await fill(other, 4);
    await other.close();
    const place = (await machine.storage.open(["payments", "0"], { mode: "read" }))!;
    const file = await place.open("00000000000000000000.wal");
    const bytes = new Uint8Array(await file.size());
    await file.read(bytes, 0);
    await file.close();
    await place.close();
    await put(machine, "00000000000000000007.wal", bytes);
    const { log, report } = await salvaged(machine, model);
    expect(await linesOf(log)).toEqual(records.map(lineOf));
    expect(report.problems.map(({ segment }) => segment)).toEqual(["00000000000000000007.wal"]);
  });

  test("never gives the offset of a lost record away, and the copy is a log like any other", async () => {
    const machine = model.build();
    const { names } = await healthy(machine);
    await remove(machine, names[1]!);
    const { log, target } = await salvaged(machine, model);
    const lines = await linesOf(log);
    expect((await log.append({ value: "after" })).offset).toBe(15);
    expect(await linesOf(log, { from: 4, to: 7 })).toEqual([expect.stringMatching(/^6 at/)]);
    expect(await linesOf(log, { from: 3, to: 6 })).toEqual([]);
    await log.rotate();
    await log.truncateBefore(4);
    expect(log.first).toBe(4);
    await log.truncateAfter(4);
    expect((await log.append({ value: "5 again" })).offset).toBe(5);
    await log.close();
    const again = await openLog({ storage: target, topic });
    expect((await linesOf(again)).map((line) => line.split(" ")[0])).toEqual(["5"]);
    expect(lines).toHaveLength(12);
    await again.close();
  });
});

describe.each(models)("salvage is refused ($name)", (model) => {
  test("where there is a log already, be it the damaged one itself", async () => {
    const machine = model.build();
    const { names } = await healthy(machine);
    await edit(machine, names[2]!, flip(40));
    const target = model.build();
    await segmented(target, { segments: 1, closed: true });
    const [before, there] = [printed(await machine.files()), printed(await target.files())];
    await refusal(salvage(address(machine.storage), address(target.storage)), "UNAVAILABLE");
    await refusal(salvage(address(machine.storage), address(machine.storage)), "UNAVAILABLE");
    expect(printed(await machine.files())).toEqual(before);
    expect(printed(await target.files())).toEqual(there);
  });

  test("where somebody is writing", async () => {
    const machine = model.build();
    await healthy(machine);
    const target = model.build();
    await target.open();
    await refusal(salvage(address(machine.storage), address(target.storage)), "LOCKED");
  });

  test("of a log that is not there, and makes nothing", async () => {
    const target = model.build();
    const source = { ...address(model.build().storage), topic: "nowhere" };
    const error = await refusal(salvage(source, address(target.storage)), "UNAVAILABLE");
    expect(error.message).toContain("nowhere");
    expect(await target.storage.open([topic, "0"], { mode: "read" })).toBeUndefined();
    expect(await segmentsOf(target)).toEqual([]);
  });
});
