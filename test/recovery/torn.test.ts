/**
 * A crash in the middle of the last write: what it left behind the last valid batch is cut off and reported,
 * and nothing else is. Whatever lies there, the records before it are served, the next offset is the one
 * behind them, and what is appended then survives the next crash.
 */
import { describe, expect, test } from "vitest";
import { setField, reseal } from "../format/forge.ts";
import { linesOf, valuesOf } from "../support/content.ts";
import { type Machine, models } from "../support/machine.ts";
import { cut, type Edit, edit, fill, overwrite, recordBatchesOf, segmentsOf, zero } from "./damage.ts";

/** Five records in one segment, and the last write damaged. Answers what of them was read before. */
async function torn(machine: Machine, damage: (position: number, end: number) => Edit): Promise<string[]> {
  const log = await machine.open();
  await fill(log, 5, 40);
  const lines = await linesOf(log);
  await machine.die();
  const [name] = await segmentsOf(machine);
  const { position, end } = (await recordBatchesOf(machine, name!)).at(-1)!;
  await edit(machine, name!, damage(position, end));
  return lines;
}

const noise = Uint8Array.from({ length: 400 }, (_, index) => (index * 167 + 13) % 251);

const damages: [string, (position: number, end: number) => Edit][] = [
  ["cut after its first byte", (position) => cut(position + 1)],
  ["cut in its header", (position) => cut(position + 40)],
  ["cut behind its header", (position) => cut(position + 64)],
  ["cut in its payload", (position) => cut(position + 80)],
  ["cut before its last byte", (_, end) => cut(end - 1)],
  ["zeros but for its first bytes", (position, end) => zero(position + 8, end)],
  ["zeros in its header", (position) => zero(position, position + 64)],
  ["zeros in its payload", (position, end) => zero(position + 64, end)],
  ["garbage", (position) => overwrite(position, noise)],
  // etcd#6515: zeros behind a torn record, as preallocation leaves them, defeat the repair.
  [
    "cut in its payload, with zeros behind",
    (position) => (bytes) => overwrite(0, bytes.slice(0, position + 80))(new Uint8Array(8192)),
  ],
  [
    "cut in its header, with zeros behind",
    (position) => (bytes) => overwrite(0, bytes.slice(0, position + 40))(new Uint8Array(8192)),
  ],
];

describe.each(models)("a last write that is torn ($name)", (model) => {
  test.each(damages)("%s, is cut off and reported", async (_, damage) => {
    const machine = model.build();
    const lines = await torn(machine, damage);
    const [name] = await segmentsOf(machine);
    const size = (await machine.files()).get(name!)!.length;
    const end = (await recordBatchesOf(machine, name!)).at(-1)!.end;

    const log = await machine.open();
    expect(log.recovery).toEqual({
      verdict: "torn",
      segments: 2,
      first: 0,
      next: 4,
      // The last batch that is whole is vouched for by nothing behind it.
      rewritten: { first: 3, next: 4 },
      torn: { segment: name, position: end, bytes: size - end },
      unborn: [],
      superseded: [],
      truncated: [],
      foreign: [],
    });
    expect(await linesOf(log)).toEqual(lines.slice(0, 4));
    expect(log).toMatchObject({ first: 0, next: 4, durable: 4 });
  });

  // leveldb#1287: the log is written on behind an incomplete record, and the rest cannot be read.
  test.each(damages)("%s, hides nothing that is appended afterwards", async (_, damage) => {
    const machine = model.build();
    const lines = await torn(machine, damage);
    const log = await machine.open();
    expect((await log.append({ value: "4 again" })).offset).toBe(4);
    await fill(log, 2);
    const after = await linesOf(log);
    expect(after.slice(0, 4)).toEqual(lines.slice(0, 4));
    expect((await valuesOf(log)).slice(4)).toEqual(["4 again", "5 ", "6 "]);
    await machine.die();

    const again = await machine.open();
    expect(again.recovery).toMatchObject({ verdict: "sound", next: 7, torn: undefined });
    expect(await linesOf(again)).toEqual(after);
    await again.close();
    expect((await machine.open()).recovery).toMatchObject({
      verdict: "clean",
      next: 7,
      rewritten: undefined,
    });
  });

  // raft-wal#10: the last index counts a record that cannot be read.
  test("leaves a log whose next offset is behind the last record that is read, wherever it was cut", async () => {
    const machine = model.build();
    const log = await machine.open();
    await fill(log, 3, 40);
    await machine.die();
    const [name] = await segmentsOf(machine);
    const { position, end } = (await recordBatchesOf(machine, name!)).at(-1)!;
    const whole = (await machine.files()).get(name!)!;
    for (let at = position; at < end; at += 12) {
      const one = model.build();
      await (await one.open()).close();
      await edit(one, name!, () => whole.slice(0, at));
      const opened = await one.open();
      expect(await valuesOf(opened)).toHaveLength(2);
      expect(opened.next).toBe(2);
      expect(opened.recovery.verdict).toBe(at === position ? "sound" : "torn");
    }
  });

  // etcd#14114: a length that points past the end of the file, under a checksum that is right.
  test("with a length past the end of the file is not followed", async () => {
    const machine = model.build();
    await torn(machine, (position) => (bytes) => {
      setField(bytes, { position }, "length", 2 ** 28);
      reseal(bytes, { position });
      return bytes;
    });
    machine.calls = [];
    const log = await machine.open();
    expect(log.recovery).toMatchObject({ verdict: "torn", next: 4 });
    const largest = Math.max(...machine.calls.map(({ op, length }) => (op === "read" ? length! : 0)));
    expect(largest).toBeLessThan(2 ** 20);
  });

  // leveldb#251: a later write is on the disk, an earlier one is zeros. Nobody was told of either.
  test("of several batches ends at the first that is not there, though those behind it are whole", async () => {
    const machine = model.build();
    const log = await machine.open({ maxBatchBytes: 100 });
    await fill(log, 2);
    await Promise.all([..."abcd"].map((letter) => log.append({ value: letter.repeat(50) })));
    await machine.die();
    const [name] = await segmentsOf(machine);
    const batches = await recordBatchesOf(machine, name!);
    expect(batches.map(({ watermark }) => watermark).slice(-4)).toEqual(Array(4).fill(batches[1]!.end));
    await edit(machine, name!, zero(batches[3]!.position, batches[3]!.end));

    const again = await machine.open();
    expect(again.recovery).toMatchObject({
      verdict: "torn",
      next: 3,
      torn: { position: batches[3]!.position },
    });
    expect((await valuesOf(again)).map((value) => value[0])).toEqual(["0", "1", "a"]);
  });

  // pgsql-hackers 2020: two crashes, and a stale record behind the first hole becomes valid again.
  test("never brings back what lay behind it, also when it is written again and torn again", async () => {
    const machine = model.build();
    const log = await machine.open({ maxBatchBytes: 100 });
    await fill(log, 1);
    await Promise.all([..."abc"].map((letter) => log.append({ value: letter.repeat(50) })));
    for (let crash = 0; crash < 3; crash++) {
      await machine.die();
      const name = (await segmentsOf(machine)).at(-1)!;
      const batch = (await recordBatchesOf(machine, name)).find(({ base }) => base === 1);
      if (batch !== undefined) await edit(machine, name, zero(batch.position, batch.end));
      const again = await machine.open();
      expect(await valuesOf(again)).toEqual(["0 "]);
      // As long as the one that was lost, so that what lay behind it would fit again.
      await again.append({ value: "a".repeat(50) });
    }
  });
});
