/**
 * Segments in recycled files: behind the end lie whole, valid batches of a segment that was dropped, exactly
 * where the next batch will begin. They are never part of the log, never torn and never vouch for anything.
 */
import { describe, expect, test } from "vitest";
import type { Log } from "../../src/index.ts";
import { headerAt } from "../format/decoder-batch.ts";
import { valuesOf } from "../support/content.ts";
import { type LogSettings, type Machine, models } from "../support/machine.ts";
import { batchesOf, corruption, cut, edit, flip, recordBatchesOf, segmentsOf } from "./damage.ts";

/** All records are alike in size, so that batches of different segments lie at the same positions. */
const valueAt = (offset: number): string => `record ${String(offset).padStart(8, "0")}`;
const small: LogSettings = { segment: { maxBytes: 620 } };

async function append(log: Log, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await log.append({ value: valueAt(log.next) });
}

/** A log whose last segment lies in a recycled file and holds `count` records. Answers its name. */
async function recycled(machine: Machine, count: number): Promise<{ log: Log; name: string }> {
  const log = await machine.open(small);
  await append(log, 12);
  await log.rotate();
  await log.truncateBefore(9);
  // What was dropped becomes the next file, once a flush has made it known that it was dropped.
  await append(log, 1);
  await log.rotate();
  await append(log, count);
  const name = (await segmentsOf(machine)).at(-1)!;
  return { log, name };
}

/** The headers behind the valid batches of a file that have the right checksum. */
async function staleHeaders(machine: Machine, name: string): Promise<number> {
  const bytes = (await machine.files()).get(name)!;
  let count = 0;
  for (let at = (await batchesOf(machine, name)).at(-1)!.end; at + 64 <= bytes.length; at += 8) {
    if (headerAt(bytes, at) !== undefined) count++;
  }
  return count;
}

describe.each(models)("a segment in a recycled file ($name)", (model) => {
  // pebble#580: the old records of a recycled file are replayed.
  test.each([0, 1, 2, 3])("ends behind its own records after a crash, with %i of them", async (count) => {
    const machine = model.build();
    const { name } = await recycled(machine, count);
    await machine.die();
    expect(await staleHeaders(machine, name)).toBeGreaterThan(0);
    const log = await machine.open(small);
    expect(log).toMatchObject({ first: 9, next: 13 + count });
    expect(await valuesOf(log)).toEqual(Array.from({ length: 4 + count }, (_, at) => valueAt(9 + at)));
    await append(log, 3);
    await machine.die();
    expect(await valuesOf(await machine.open(small))).toHaveLength(7 + count);
  });

  // Old bytes behind the end cannot be told from a write that was torn, and are reported as one.
  test("loses nothing when the bytes behind its end are those of another epoch", async () => {
    const machine = model.build();
    await recycled(machine, 2);
    await machine.die();
    expect((await machine.open(small)).recovery).toMatchObject({ verdict: "torn", next: 15 });
  });

  test("is torn when its last write is, and the stale batches behind it change nothing", async () => {
    const machine = model.build();
    const { name } = await recycled(machine, 3);
    await machine.die();
    const last = (await recordBatchesOf(machine, name)).at(-1)!;
    await edit(machine, name, flip(last.position + 66));
    const log = await machine.open(small);
    expect(log.recovery).toMatchObject({
      verdict: "torn",
      next: 15,
      torn: { segment: name, position: last.position },
    });
    expect(await valuesOf(log)).toHaveLength(6);
  });

  test("is corrupt when what was flushed is damaged, though a stale batch is as good as new", async () => {
    const machine = model.build();
    const { name } = await recycled(machine, 3);
    await machine.die();
    const first = (await recordBatchesOf(machine, name))[0]!;
    await edit(machine, name, flip(first.position));
    expect(await corruption(machine, small)).toMatchObject({
      segment: name,
      position: first.position,
      first: 13,
    });
  });

  test("is cut to its own bytes when it is closed or rotated", async () => {
    const machine = model.build();
    const { log, name } = await recycled(machine, 1);
    await log.rotate();
    expect(await staleHeaders(machine, name)).toBe(0);
    await append(log, 1);
    await log.close();
    for (const each of await segmentsOf(machine)) expect(await staleHeaders(machine, each)).toBe(0);
    expect((await machine.open(small)).recovery).toMatchObject({ verdict: "clean", next: 15 });
  });

  test("was never born when a crash left it with nothing but stale bytes", async () => {
    const machine = model.build();
    const { log, name } = await recycled(machine, 0);
    await log.close();
    const names = await segmentsOf(machine);
    // The bytes that the file had before, as a crash leaves them that came before its start was written.
    const other = model.build();
    const old = await other.open(small);
    await append(old, 12);
    await other.die();
    const stale = [...(await other.files())].find(([each]) => each.endsWith(".wal"))![1];
    const previous = names.at(-2)!;
    const seal = (await batchesOf(machine, previous)).at(-1)!;
    expect(seal.control?.is).toBe("seal");
    await edit(machine, previous, cut(seal.position));
    await edit(machine, name, () => stale);
    const again = await machine.open(small);
    expect(again.recovery).toMatchObject({ unborn: [name], next: 13 });
    expect(await valuesOf(again)).toHaveLength(4);
  });
});
