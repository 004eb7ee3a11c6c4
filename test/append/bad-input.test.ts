/**
 * What callers may get wrong: every option and every field of a record, with a wrong type and out of range.
 * Each is refused with a TypeError or RangeError that names it, before anything is written, and the log goes
 * on as if it had not been asked.
 */
import { describe, expect, test } from "vitest";
import {
  type AppendOptions,
  type Log,
  openLog,
  type OpenLogOptions,
  type RecordInput,
} from "../../src/index.ts";
import { printed, valuesOf } from "../support/content.ts";
import { models, place, topic } from "../support/machine.ts";
import { type Bad, badOptions, badProducers, badRecords, complaint, nested, numbers } from "./bad-values.ts";

const recordOf = ([name, value]: Bad): RecordInput => ({
  value: "good",
  [name === "header" ? "headers" : name]: value,
});

const optionsOf = ([, producer]: Bad): AppendOptions => ({ producer }) as AppendOptions;

/** Calls `verb` with everything that is bad, and expects that nothing comes of it. */
async function refused(
  log: Log,
  files: () => Promise<Map<string, Uint8Array>>,
  calls: [Bad, () => unknown][],
): Promise<void> {
  await log.append({ value: "before" });
  log.stage({ value: "staged" });
  const before = printed(await files());
  const stats = log.stats();
  const complaints = [];
  for (const [bad, call] of calls) complaints.push(...(await complaint(bad, call)));
  expect(complaints).toEqual([]);
  expect(printed(await files())).toEqual(before);
  expect(log.stats()).toEqual(stats);
  expect(log).toMatchObject({ next: 2, durable: 1 });
  expect((await log.append({ value: "after" })).offset).toBe(2);
  expect(await valuesOf(log)).toEqual(["before", "staged", "after"]);
}

describe.each(models)("what is refused ($name)", (model) => {
  test("of the options of openLog is named, and no log is made", async () => {
    const machine = model.build();
    const complaints = [];
    for (const bad of badOptions) {
      const given = { storage: machine.storage, topic, ...nested(bad[0], bad[1]) } as OpenLogOptions;
      complaints.push(...(await complaint(bad, async () => (await openLog(given)).close())));
    }
    expect(complaints).toEqual([]);
    for (const nothing of [undefined, null, 7, "orders"]) {
      await expect(openLog(nothing as unknown as OpenLogOptions)).rejects.toThrow(TypeError);
    }
    expect(await machine.storage.open(place, { mode: "read" })).toBeUndefined();
  });

  test("of the options of openLog may be left undefined", async () => {
    const { storage } = model.build();
    const given: OpenLogOptions = {
      storage,
      topic,
      partition: undefined,
      segment: undefined,
      retention: undefined,
      durability: undefined,
      maxPendingBytes: undefined,
      maxBatchBytes: undefined,
      maxProducers: undefined,
      lockWaitMs: undefined,
      signal: undefined,
    };
    const log = await openLog(given);
    expect((await log.append({ value: "a" }, { producer: undefined })).offset).toBe(0);
    await log.close();
    const limits = { maxBytes: undefined, maxAgeMs: undefined };
    await (await openLog({ storage, topic, segment: limits, retention: limits })).close();
    const endless = { maxBytes: Infinity, maxAgeMs: Infinity };
    await (await openLog({ storage, topic, segment: { maxAgeMs: Infinity }, retention: endless })).close();
  });

  test("of a record is named, by append, stage and appendBatch", async () => {
    const machine = model.build();
    const log = await machine.open();
    await refused(
      log,
      () => machine.files(),
      badRecords.flatMap((bad): [Bad, () => unknown][] => [
        [bad, () => log.append(recordOf(bad))],
        [bad, () => log.stage(recordOf(bad))],
        [bad, () => log.appendBatch([{ value: "good" }, recordOf(bad)])],
      ]),
    );
  });

  test("in place of a record or a batch is described", async () => {
    const machine = model.build();
    const log = await machine.open();
    const things = [undefined, null, "text", 7, new Uint8Array(3), () => undefined];
    await refused(
      log,
      () => machine.files(),
      things.flatMap((thing): [Bad, () => unknown][] => [
        [["record", thing, TypeError], () => log.append(thing as RecordInput)],
        [["record", thing, TypeError], () => log.stage(thing as RecordInput)],
        [["record", thing, TypeError], () => log.appendBatch([{}, thing as RecordInput])],
        [["batch", thing, TypeError], () => log.appendBatch(thing as unknown as RecordInput[])],
      ]),
    );
  });

  test("of a producer is named", async () => {
    const machine = model.build();
    const log = await machine.open();
    await refused(
      log,
      () => machine.files(),
      badProducers.flatMap((bad): [Bad, () => unknown][] => [
        [bad, () => log.append({ value: "good" }, optionsOf(bad))],
        [bad, () => log.stage({ value: "good" }, optionsOf(bad))],
        [bad, () => log.appendBatch([{ value: "good" }], optionsOf(bad))],
      ]),
    );
  });

  test("of the offsets of a truncation is named", async () => {
    const machine = model.build();
    const log = await machine.open();
    const before = numbers("offset", 0, Number.MAX_SAFE_INTEGER);
    const after = numbers("offset", -1, Number.MAX_SAFE_INTEGER);
    const behind: Bad[] = [
      ["truncateBefore(4)", 4, RangeError],
      ["truncateBefore(99)", 99, RangeError],
    ];
    const beyond: Bad[] = [
      ["truncateAfter(3)", 3, RangeError],
      ["truncateAfter(99)", 99, RangeError],
    ];
    await log.appendBatch([{ value: "a" }, { value: "b" }, { value: "c" }]);
    const stats = printed(await machine.files());
    const complaints = [];
    for (const bad of [...before, ...behind]) {
      complaints.push(...(await complaint(bad, () => log.truncateBefore(bad[1] as number))));
    }
    for (const bad of [...after, ...beyond]) {
      complaints.push(...(await complaint(bad, () => log.truncateAfter(bad[1] as number))));
    }
    expect(complaints).toEqual([]);
    expect(printed(await machine.files())).toEqual(stats);
    expect(log).toMatchObject({ first: 0, next: 3 });
    await log.truncateBefore(3);
    await expect(log.truncateAfter(1)).rejects.toThrow(RangeError);
    expect(log).toMatchObject({ first: 3, next: 3 });
  });
});
