/**
 * What a salvaged copy knows of idempotent producers: a record that is in the copy and is sent again is told
 * from a new one, and a record that is not in the copy is a new one. Otherwise salvage would turn a retry
 * into a second record, or swallow a first.
 */
import { describe, expect, test } from "vitest";
import type { Producer } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { models } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { edit, flip, recordBatchesOf, segmentsOf } from "./damage.ts";
import { salvaged } from "./salvaging.ts";

const by = (sequence: number, epoch = 1): { producer: Producer } => ({
  producer: { id: "p", epoch, sequence },
});
const many = (...values: string[]): { value: string }[] => values.map((value) => ({ value }));

describe.each(models)("a salvaged log ($name)", { timeout: 5000 }, (model) => {
  test("knows the records it holds when they are sent again, and fences the same producers", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(many("a", "b", "c"), by(10));
    await log.rotate();
    await log.append({ value: "other" });
    await log.close();
    const { log: copy } = await salvaged(machine, model);
    const acks = await copy.appendBatch(many("a", "b", "c", "d"), by(10));
    expect(acks.map(({ offset, duplicate }) => [offset, duplicate])).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [4, false],
    ]);
    await refusal(copy.append({ value: "late" }, by(99, 0)), "FENCED");
    expect(await valuesOf(copy)).toEqual(["a", "b", "c", "other", "d"]);
  });

  test("takes a record for new that was truncated away at the end", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(many("a", "b", "c", "d"), by(0));
    await log.truncateAfter(1);
    await log.close();
    const { log: copy } = await salvaged(machine, model);
    expect(await valuesOf(copy)).toEqual(["a", "b"]);
    expect(await copy.append({ value: "c" }, by(2))).toMatchObject({ offset: 2, duplicate: false });
    expect(await copy.append({ value: "b" }, by(1))).toMatchObject({ offset: 1, duplicate: true });
    expect(await valuesOf(copy)).toEqual(["a", "b", "c"]);
  });

  test("keeps the sequences of a batch whose beginning was truncated away", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(many("a", "b", "c", "d"), by(0));
    await log.truncateBefore(2);
    await log.close();
    const { log: copy } = await salvaged(machine, model);
    expect(await copy.append({ value: "c" }, by(2))).toMatchObject({ offset: 2, duplicate: true });
    expect(await copy.append({ value: "d" }, by(3))).toMatchObject({ offset: 3, duplicate: true });
    expect(await copy.append({ value: "e" }, by(4))).toMatchObject({ offset: 4, duplicate: false });
    const { value: batch } = await copy.readBatches().next();
    expect(batch!.producer()).toEqual({ id: "p", epoch: 1, sequence: 2 });
  });

  // The state of the producers is written down in every start, so salvage can know it.
  test("still knows a producer whose records were all truncated away, and fences its past", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.appendBatch(many("a", "b"), by(0, 5));
    await log.append({ value: "other" });
    await log.rotate();
    await log.append({ value: "last" });
    await log.truncateBefore(3);
    await log.close();
    const again = await machine.open();
    await refusal(again.append({ value: "late" }, by(7, 4)), "FENCED");
    await refusal(again.append({ value: "a" }, by(0, 5)), "DUPLICATE");
    await again.close();

    const { log: copy } = await salvaged(machine, model);
    await refusal(copy.append({ value: "late" }, by(7, 4)), "FENCED");
    await refusal(copy.append({ value: "a" }, by(0, 5)), "DUPLICATE");
  });

  test("takes a lost record for new when it is sent again, at a new offset", async () => {
    const machine = model.build();
    const log = await machine.open();
    await log.append({ value: "a" }, by(0));
    await log.append({ value: "b" }, by(1));
    await log.append({ value: "c" });
    await log.close();
    const [name] = await segmentsOf(machine);
    await edit(machine, name!, flip((await recordBatchesOf(machine, name!))[1]!.position + 66));
    const { log: copy, report } = await salvaged(machine, model);
    expect(report.lost).toEqual([{ first: 1, next: 2 }]);
    expect(await copy.append({ value: "b" }, by(1))).toMatchObject({ offset: 3, duplicate: false });
    expect(await valuesOf(copy)).toEqual(["a", "c", "b"]);
  });
});
