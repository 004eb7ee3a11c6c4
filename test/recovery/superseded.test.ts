/**
 * What a later epoch has replaced: bytes behind a link, and whole segments that a crash left behind. Such
 * bytes are dead, be they good or bad; they are neither torn nor corrupt, and never come back.
 */
import { describe, expect, test } from "vitest";
import { linesOf, printed, valuesOf } from "../support/content.ts";
import { failing, failingAfterwards } from "../support/faults.ts";
import { type Machine, models } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { batchesOf, edit, fill, flip, overwrite, put, segmentsOf } from "./damage.ts";

/** Two records, one whose flush failed though its bytes are on the disk, and its retry. */
async function failedAndRetried(machine: Machine): Promise<string[]> {
  const log = await machine.open();
  await fill(log, 2);
  machine.hook = failingAfterwards({ op: "flush" });
  await refusal(log.appendBatch([{ value: "failed" }, { value: "failed too" }]), "FLUSH_FAILED");
  machine.hook = undefined;
  await log.append({ value: "retried" });
  await machine.die();
  return ["0 ", "1 ", "retried"];
}

describe.each(models)("bytes behind a link ($name)", (model) => {
  test("are ignored, though they are valid and whole", async () => {
    const machine = model.build();
    const values = await failedAndRetried(machine);
    const [old, fresh] = await segmentsOf(machine);
    const dead = (await batchesOf(machine, old!)).at(-1)!;
    expect(dead.records.map(({ offset }) => offset)).toEqual([2, 3]);

    const log = await machine.open();
    expect(log.recovery).toMatchObject({ verdict: "sound", next: 3, torn: undefined });
    expect(await valuesOf(log)).toEqual(values);
    expect(fresh).toMatch(/^0+2\.wal$/);
  });

  test.each([
    ["damaged", (position: number, end: number) => [flip(position + 3), flip(end - 1)]],
    ["cut", (position: number) => [(bytes: Uint8Array) => bytes.slice(0, position + 20)]],
    ["gone", (position: number) => [(bytes: Uint8Array) => bytes.slice(0, position)]],
    ["garbage", (position: number) => [overwrite(position, new Uint8Array(500).fill(7))]],
  ])("are ignored when they are %s", async (_, damages) => {
    const machine = model.build();
    const values = await failedAndRetried(machine);
    const [old] = await segmentsOf(machine);
    const dead = (await batchesOf(machine, old!)).at(-1)!;
    for (const damage of damages(dead.position, dead.end)) await edit(machine, old!, damage);
    const log = await machine.open();
    expect(log.recovery).toMatchObject({ verdict: "sound", next: 3 });
    expect(await valuesOf(log)).toEqual(values);
    await log.close();
    expect(await valuesOf(await machine.open())).toEqual(values);
  });

  // The first bad byte before the link is corruption, the first one behind it is nothing.
  test("begin exactly where the link says", async () => {
    const machine = model.build();
    await failedAndRetried(machine);
    const [old] = await segmentsOf(machine);
    const [last, dead] = (await batchesOf(machine, old!)).slice(-2);
    expect(last!.end).toBe(dead!.position);
    await edit(machine, old!, flip(last!.end - 8));
    const error = await refusal(valuesOf(await machine.open()), "CORRUPT");
    expect(error).toMatchObject({ segment: old, position: last!.position, first: 1 });
  });

  test("stay dead through many failures at one offset", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 1);
    for (let attempt = 0; attempt < 6; attempt++) {
      machine.hook = (attempt % 2 === 0 ? failing : failingAfterwards)({ op: "flush" });
      await refusal(log.append({ value: `attempt ${attempt}` }), "FLUSH_FAILED");
    }
    machine.hook = undefined;
    await log.append({ value: "at last" });
    await machine.die();
    for (let crash = 0; crash < 3; crash++) {
      const again = await machine.open();
      expect(await valuesOf(again)).toEqual(["0 ", "at last"]);
      await machine.die();
    }
  });
});

/** A log of 15 records, truncated behind offset 4, and the files that the truncation has removed. */
async function truncated(machine: Machine): Promise<{ lines: string[]; removed: Map<string, Uint8Array> }> {
  const log = await machine.open();
  for (let segment = 0; segment < 5; segment++) {
    if (segment > 0) await log.rotate();
    await fill(log, 3);
  }
  const before = await machine.files();
  await log.truncateAfter(4);
  const lines = await linesOf(log);
  const after = await machine.files();
  await machine.die();
  return { lines, removed: new Map([...before].filter(([name]) => !after.has(name))) };
}

describe.each(models)("segments that a truncation replaced ($name)", (model) => {
  test("are reported and removed, when a crash left them all behind", async () => {
    const machine = model.build();
    const { lines, removed } = await truncated(machine);
    expect(removed.size).toBe(3);
    for (const [name, bytes] of removed) await put(machine, name, bytes);

    const log = await machine.open();
    expect(log.recovery).toMatchObject({ verdict: "sound", first: 0, next: 5 });
    expect(log.recovery.superseded.toSorted()).toEqual([...removed.keys()].toSorted());
    expect(await linesOf(log)).toEqual(lines);
    for (const name of removed.keys()) expect(await segmentsOf(machine)).not.toContain(name);
  });

  test("are known for what they are, whichever of them a crash left behind", async () => {
    for (let left = 1; left <= 3; left++) {
      const machine = model.build();
      const { lines, removed } = await truncated(machine);
      // They are removed from the last one on.
      const kept = [...removed].toSorted(([one], [other]) => (one < other ? -1 : 1)).slice(0, left);
      for (const [name, bytes] of kept) await put(machine, name, bytes);
      const log = await machine.open();
      expect(log.recovery.superseded.toSorted()).toEqual(kept.map(([name]) => name));
      expect(await linesOf(log)).toEqual(lines);
      await log.append({ value: "5 again" });
      await log.close();
      expect((await linesOf(await machine.open())).slice(0, -1)).toEqual(lines);
    }
  });

  test("may be damaged, and are removed all the same", async () => {
    const machine = model.build();
    const { lines, removed } = await truncated(machine);
    for (const [name, bytes] of removed)
      await put(machine, name, overwrite(200, new Uint8Array(40).fill(9))(bytes));
    const log = await machine.open();
    expect(await linesOf(log)).toEqual(lines);
  });

  test("do not come back when they cannot be removed", async () => {
    const machine = model.build();
    const { lines, removed } = await truncated(machine);
    for (const [name, bytes] of removed) await put(machine, name, bytes);
    machine.hook = failing({ op: "remove", times: Infinity });
    const log = await machine.open();
    expect(await linesOf(log)).toEqual(lines);
    await fill(log, 4);
    const after = await linesOf(log);
    await machine.die();
    machine.hook = undefined;
    const again = await machine.open();
    expect(await linesOf(again)).toEqual(after);
    expect(printed(await machine.files()).join()).not.toContain([...removed.keys()][2]);
  });
});
