/**
 * The cases of etcd's wal: repair, torn writes, opening, creation. There a repair cuts the log at the first
 * record that is not sound, whatever had been flushed behind it; here that is corruption.
 */
import { describe, expect, test } from "vitest";
import { openReader, salvage } from "../../src/index.ts";
import { reseal, setField } from "../format/forge.ts";
import { cut, fill, flip, overwrite, put, remove, segmentsOf, zero } from "../recovery/damage.ts";
import { valuesOf } from "../support/content.ts";
import { failing, fullDisk } from "../support/faults.ts";
import { memorySync, topic } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { ported, type Row, short } from "./ported.ts";

const rows: Row[] = [
  {
    name: "TestRepairTruncate",
    there: "cut, 9 of 10 records",
    damage: (_, bytes) => cut(bytes.length - 4),
    here: "torn, 9 records",
  },
  {
    name: "TestRepairWriteTearLast",
    there: "cut, 40 of 50 records",
    values: short(50),
    damage: (batches, bytes) => {
      const { position } = batches[40]!;
      return zero(position + 20, bytes.length);
    },
    here: "torn, 40 records",
  },
  {
    name: "TestRepairWriteTearMiddle",
    there: "cut, 1 of 5 records: 4 that were flushed are gone",
    values: Array.from({ length: 5 }, () => 4096),
    damage: () => zero(4096 + 512, 4096 + 1024),
    here: "CORRUPT when read, behind 1 records",
  },
  {
    name: "TestVerify",
    there: "checksum mismatch",
    damage: ([batch]) => flip(batch!.position + 70),
    here: "CORRUPT when read, behind 0 records",
  },
  {
    name: "TestOpenOnTornWrite: the last of several records",
    there: "cut, and more is appended over it",
    values: short(20),
    damage: (batches) => zero(batches.at(-1)!.position + 8, batches.at(-1)!.end),
    here: "torn, 19 records",
  },
  {
    name: "TestOpenOnTornWrite: one in the middle",
    there: "cut there, and overwritten by what is appended",
    values: short(20),
    damage: (batches) => zero(batches[10]!.position, batches[10]!.end),
    here: "CORRUPT when opened",
  },
  { name: "TestReadRecord: nothing", there: "end of file", values: [], here: "sound, 0 records" },
  { name: "TestReadRecord: a good record", there: "reads it", values: [10], here: "sound, 1 records" },
  ...[8, 24, 63].map((bytes): Row => ({
    name: `TestReadRecord: ${bytes} bytes of a header`,
    there: "unexpected end of file",
    values: [10, 10],
    damage: ([, batch]) => cut(batch!.position + bytes),
    here: "torn, 1 records",
  })),
  {
    name: "TestReadRecord: a header, and nothing behind",
    there: "unexpected end of file",
    values: [10, 10],
    damage: ([, batch]) => cut(batch!.position + 64),
    here: "torn, 1 records",
  },
  {
    name: "TestReadRecord: all but the last byte",
    there: "unexpected end of file",
    values: [10, 10],
    damage: ([, batch]) => cut(batch!.end - 1),
    here: "torn, 1 records",
  },
  {
    name: "TestReadRecord: another checksum",
    there: "checksum mismatch",
    values: [10, 10],
    damage: ([, batch]) => flip(batch!.position + 48),
    here: "torn, 1 records",
  },
  // etcd#14114: a length is bounded by the file, and nothing is allocated before.
  {
    name: "TestMaxAllowedEntry, etcd#14114: a length past the end of the file",
    there: "refused",
    values: [10, 10],
    damage:
      ([, batch]) =>
      (bytes) => {
        setField(bytes, batch!, "length", 2 ** 28 - 8);
        reseal(bytes, batch!);
        return bytes;
      },
    here: "torn, 1 records",
  },
  {
    name: "TestTailWriteNoSlackSpace",
    there: "zeros behind the end are dropped",
    damage: (_, bytes) => overwrite(bytes.length, new Uint8Array(4096)),
    here: "sound, 10 records",
  },
  // etcd#6515 and etcd#5230: space that was given out ahead makes a torn write look like zeros.
  {
    name: "etcd#6515, etcd#5230: a torn record with zeros behind",
    there: "the repair failed",
    damage: (batches) => (bytes) =>
      overwrite(0, bytes.slice(0, batches.at(-1)!.position + 40))(new Uint8Array(16_384)),
    here: "torn, 9 records",
  },
  {
    name: "etcd#5230: pages of a torn write reach the disk and others do not",
    there: "checksum error",
    values: [10, 12_000],
    damage: ([, batch]) => zero(4096, Math.min(8192, batch!.end)),
    here: "torn, 1 records",
  },
  {
    name: "TestRecover: small, empty and large records",
    there: "reads all",
    values: [0, 10, 1_000_000, 1],
    here: "sound, 4 records",
  },
  {
    name: "TestCut",
    there: "goes on in the next file",
    fill: async (machine) => {
      const log = await machine.open();
      await fill(log, 1);
      await log.rotate();
      await fill(log, 1);
      await log.rotate();
    },
    here: "sound, 2 records",
  },
  {
    name: "TestSaveWithCut",
    there: "files are begun when they are full",
    settings: { segment: { maxBytes: 2048 } },
    values: short(40),
    here: "sound, 40 records",
  },
  {
    name: "TestSaveEmpty",
    there: "nothing is written for nothing",
    fill: async (machine) => {
      const log = await machine.open();
      await log.flush();
      await log.rotate();
    },
    here: "sound, 0 records",
  },
  {
    name: "TestRecoverAfterCut",
    there: "a missing first file is an error",
    settings: { segment: { maxBytes: 1024 } },
    values: short(20),
    befalls: async (machine) => remove(machine, (await segmentsOf(machine))[0]!),
    here: "CORRUPT when opened",
  },
  {
    name: "TestOpenAtIndex: a file in the middle is missing",
    there: "file not found",
    settings: { segment: { maxBytes: 1024 } },
    values: short(20),
    befalls: async (machine) => remove(machine, (await segmentsOf(machine))[1]!),
    here: "CORRUPT when opened",
  },
  {
    name: "TestNewForInitedDir",
    there: "refuses to create what exists",
    values: [10],
    closed: true,
    here: "clean, 1 records",
  },
  {
    name: "TestCreateFailFromPollutedDir",
    there: "refuses",
    fill: async (machine) => put(machine, "polluted.txt", new Uint8Array([1, 2, 3])),
    here: "new, 0 records",
  },
  {
    name: "TestRestartCreateWal",
    there: "what an interrupted creation left is removed",
    fill: async (machine) => put(machine, "00000000000000000000.wal", new Uint8Array(20).fill(83, 0, 1)),
    here: "new, 0 records",
  },
];

ported("etcd", rows);

describe("etcd", () => {
  test("TestRepairFailDeleteDir: a folder that is gone cannot be read, and is not made", async () => {
    const machine = memorySync.build();
    await refusal(openReader({ storage: machine.storage, topic }), "UNAVAILABLE");
    expect([...(await machine.files())]).toEqual([]);
  });

  // etcd#2819: the repair runs into the full disk as well.
  test("TestCreateFailFromNoSpaceLeftOnDevice, etcd#2819: creating fails, changes nothing, and succeeds later", async () => {
    const machine = memorySync.build();
    machine.hook = failing({ op: "write", times: Infinity }, fullDisk);
    await refusal(machine.open(), "UNAVAILABLE");
    machine.hook = undefined;
    const log = await machine.open();
    await fill(log, 3);
    expect((await valuesOf(log)).length).toBe(3);
  });

  test("TestOpenAtUncommittedIndex: the offset behind the last record can be read from, and is empty", async () => {
    const log = await memorySync.build().open();
    await fill(log, 1);
    expect(await log.read({ from: 1 }).next()).toMatchObject({ done: true });
    await expect(log.read({ from: 2 }).next()).rejects.toThrow(RangeError);
  });

  test("TestOpenForRead: a reader works beside the writer", async () => {
    const machine = memorySync.build();
    const log = await machine.open();
    await fill(log, 10);
    const reader = await openReader({ storage: machine.storage, topic });
    expect(await valuesOf(reader)).toEqual(await valuesOf(log));
    await reader.close();
  });

  test("TestReadAllFail: a log that was closed cannot be read", async () => {
    const log = await memorySync.build().open();
    await log.close();
    await refusal(log.read().next(), "CLOSED");
  });

  test("TestReleaseLockTo: what is needed no more is dropped, file by file", async () => {
    const machine = memorySync.build();
    const log = await machine.open();
    for (let segment = 0; segment < 5; segment++) {
      await fill(log, 2);
      await log.rotate();
    }
    const counts: number[] = [];
    for (const offset of [1, 2, 5, 10]) {
      await log.truncateBefore(offset);
      counts.push((await segmentsOf(machine)).length);
    }
    expect(counts).toEqual([6, 5, 4, 1]);
  });

  test("a repair that would drop flushed records is asked for, and lists them", async () => {
    const machine = memorySync.build();
    const log = await machine.open();
    await fill(log, 5, 4096);
    await machine.die();
    const [name] = await segmentsOf(machine);
    await put(machine, name!, zero(4096 + 512, 4096 + 1024)((await machine.files()).get(name!)!));
    const damaged = await machine.open();
    await refusal(valuesOf(damaged), "CORRUPT");
    await damaged.close();
    const to = { storage: machine.storage, topic: "repaired" };
    const { kept, lost } = await salvage({ storage: machine.storage, topic }, to);
    expect({ kept, lost }).toEqual({
      kept: [
        { first: 0, next: 1 },
        { first: 2, next: 5 },
      ],
      lost: [{ first: 1, next: 2 }],
    });
  });
});
