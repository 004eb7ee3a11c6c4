/**
 * A write that fails, or that answers another number than it was given, takes the same path as a failed
 * flush: whatever reached the disk, nothing of it is part of the log.
 */
import { describe, expect, test } from "vitest";
import { linesOf, summaryOf, valuesOf } from "../support/content.ts";
import { failing, failingAfterwards, fullDisk, miscounting } from "../support/faults.ts";
import type { Hook } from "../support/faulty-storage.ts";
import { memories, models } from "../support/machine.ts";
import { endings, refusal } from "../support/outcome.ts";

/** The incognito mode of one browser answers the former, a full disk the latter in another. */
const overlong = 4_294_967_288;

const writes: Record<string, () => Hook> = {
  "fails and writes nothing": () => failing({ op: "write" }),
  "finds the disk full": () => failing({ op: "write" }, fullDisk),
  "writes everything and fails": () => failingAfterwards({ op: "write" }),
  // prometheus#8125: an error, and some bytes on the disk all the same.
  "writes a part and fails": () => miscounting({}, () => ({ bytes: 70, afterwards: new Error("EIO") })),
  "writes a part and says so": () => miscounting({}, () => ({ bytes: 70 })),
  "writes a part and says that it wrote one byte less": () =>
    miscounting({}, ({ length }) => ({ bytes: 70, answer: length! - 1 })),
  "writes everything and says that it wrote one byte more": () =>
    miscounting({}, ({ length }) => ({ answer: length! + 1 })),
  "writes a part and answers 4294967288": () => miscounting({}, () => ({ bytes: 70, answer: overlong })),
  "writes nothing and answers 0": () => miscounting({}, () => ({ bytes: 0, answer: 0 })),
  "writes nothing and answers -1": () => miscounting({}, () => ({ bytes: 0, answer: -1 })),
  "answers no number": () => miscounting({}, () => ({ answer: Number.NaN })),
};

describe.each(models)("an append ($name)", (model) => {
  test.each(Object.keys(writes))(
    "is rejected when its write %s, and the retry lives elsewhere",
    async (name) => {
      const machine = model.build();
      const log = await machine.open();
      const { segment } = await log.append({ value: "kept" });
      const before = await summaryOf(log);

      machine.hook = writes[name]!();
      machine.calls = [];
      const group = [
        log.append({ value: "failed" }),
        log.appendBatch([{ value: "failed too" }, { value: "all of it" }]),
      ];
      expect(await endings(group)).toEqual(["FLUSH_FAILED", "FLUSH_FAILED"]);
      expect(await summaryOf(log)).toEqual(before);
      // Nothing may follow a failed write, least of all a flush that makes half a batch durable.
      expect(machine.calls.filter(({ op }) => op === "flush")).toEqual([]);

      machine.calls = [];
      const acks = await log.appendBatch([{ value: "retried" }, { value: "and flushed" }]);
      expect(acks.map(({ offset }) => offset)).toEqual([1, 2]);
      expect(acks[0]!.segment).not.toBe(segment);
      expect(machine.calls.filter((call) => call.name === segment && call.op !== "read")).toEqual([]);

      const lines = await linesOf(log);
      await machine.die();
      const again = await machine.open();
      expect(await linesOf(again)).toEqual(lines);
      await again.close();
      expect(await linesOf(await machine.open())).toEqual(lines);
    },
  );
});

describe.each(memories)("a part of a write ($name)", (model) => {
  // leveldb#1287, durable-streams: the log went on behind an incomplete record.
  test("that was flushed by nobody but lies on the disk is cut off when the log is opened", async () => {
    for (let bytes = 0; bytes <= 160; bytes += 4) {
      const machine = model.build();
      const log = await machine.open();
      await log.append({ value: "kept" });
      machine.hook = miscounting({}, () => ({ bytes, afterwards: new Error("EIO") }));
      await refusal(log.append({ value: "x".repeat(200) }), "FLUSH_FAILED");
      await machine.die();

      const again = await machine.open();
      expect(await valuesOf(again)).toEqual(["kept"]);
      await again.append({ value: "behind it" });
      machine.losePower();
      expect(await valuesOf(await machine.open())).toEqual(["kept", "behind it"]);
    }
  });
});

describe.each(models)("a full disk ($name)", (model) => {
  // etcd#2819: the log was damaged, and its repair ran into the full disk as well.
  test("refuses appends for as long as it is full, and takes the same offsets when it is not", async () => {
    const machine = model.build();
    const log = await machine.open({ segment: { maxBytes: 2000 } });
    const values: string[] = [];
    for (let index = 0; index < 10; index++) {
      values.push(`kept ${index}`);
      await log.append({ value: values.at(-1) });
    }
    machine.hook = failing({ op: ["write", "create"], times: Infinity }, fullDisk);
    for (let attempt = 0; attempt < 5; attempt++) {
      const error = await refusal(log.append({ value: "x".repeat(500) }), "FLUSH_FAILED");
      expect(error.cause).toMatchObject({ code: "ENOSPC" });
      expect(await valuesOf(log)).toEqual(values);
    }
    machine.hook = undefined;
    expect(await log.append({ value: "at last" })).toMatchObject({ offset: 10 });
    await log.close();
    expect(await valuesOf(await machine.open())).toEqual([...values, "at last"]);
  });

  test("does not keep the log from being read, closed, and opened again", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch([{ value: "a" }, { value: "b" }]);
    machine.hook = failing({ op: ["write", "create"], times: Infinity }, fullDisk);
    await refusal(log.append({ value: "c" }), "FLUSH_FAILED");

    expect(await valuesOf(log)).toEqual(["a", "b"]);
    await log.close();
    machine.hook = undefined;
    expect(await valuesOf(await machine.open())).toEqual(["a", "b"]);
  });
});
