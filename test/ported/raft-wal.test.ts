/**
 * The recovery rows of raft-wal: one segment that is recovered, a log that is opened, and ranges that are
 * deleted. There a segment has one commit frame for each append, and a second database holds what exists.
 */
import { describe, expect, test } from "vitest";
import { put, remove, cut, fill, flip, overwrite, segmentsOf, zero } from "../recovery/damage.ts";
import { failing } from "../support/faults.ts";
import { memorySync } from "../support/machine.ts";
import { ported, type Row, short } from "./ported.ts";

/** So many records one by one, and then a batch of them. */
const appended =
  (previous: number, batch: number): NonNullable<Row["fill"]> =>
  async (machine) => {
    const log = await machine.open();
    await fill(log, previous);
    if (batch > 0)
      await log.appendBatch(
        Array.from({ length: batch }, (_, index) => ({ value: `${previous + index} batch` })),
      );
  };

const recovery: Row[] = [
  { name: "recover empty", there: "empty", fill: appended(0, 0), here: "sound, 0 records" },
  { name: "recover first batch", there: "1", fill: appended(0, 1), here: "sound, 1 records" },
  { name: "recover later batch", there: "11", fill: appended(10, 1), here: "sound, 11 records" },
  { name: "recover multi-entry batch", there: "14", fill: appended(10, 4), here: "sound, 14 records" },
  {
    name: "missing end of commit",
    there: "back to 10",
    fill: appended(10, 4),
    damage: (_, bytes) => zero(bytes.length - 16, bytes.length),
    here: "torn, 10 records",
  },
  {
    name: "partial initial commit",
    there: "back to 0",
    fill: appended(0, 4),
    damage: ([batch]) => overwrite(batch!.position + 66, new Uint8Array([127])),
    here: "torn, 0 records",
  },
  {
    name: "torn write with some data in middle of commit missing",
    there: "back to 10",
    fill: appended(10, 4),
    damage: (batches) => overwrite(batches.at(-1)!.position + 75, new Uint8Array([0, 0])),
    here: "torn, 10 records",
  },
  {
    name: "torn write with header in commit corrupt",
    there: "back to 10",
    fill: appended(10, 4),
    damage: (batches) => overwrite(batches.at(-1)!.position + 4, new Uint8Array([65])),
    here: "torn, 10 records",
  },
  // There an error, here a creation that was interrupted, when nothing bears witness that it was finished.
  {
    name: "empty file",
    there: "an error",
    fill: async (machine) => put(machine, "00000000000000000000.wal", new Uint8Array(0)),
    here: "new, 0 records",
  },
  {
    name: "bad segment header, valid commit",
    there: "corrupt",
    fill: appended(1, 1),
    damage: () => overwrite(0, new Uint8Array([123])),
    here: "CORRUPT when opened",
  },
  {
    name: "bad segment header BaseIndex, valid commit",
    there: "corrupt",
    fill: appended(1, 1),
    damage: () => flip(28),
    here: "CORRUPT when opened",
  },
  // There the header is part of the first commit. Here the start is flushed before anything else, and the first
  // batch bears witness of that: with the header damaged, an acknowledged record would be lost in silence.
  {
    name: "bad segment header, part of initial commit",
    there: "empty: the record is lost",
    fill: appended(0, 1),
    damage: () => overwrite(0, new Uint8Array([123])),
    here: "CORRUPT when opened",
  },
  {
    name: "bad segment header BaseIndex, part of initial commit",
    there: "empty: the record is lost",
    fill: appended(0, 1),
    damage: () => flip(28),
    here: "CORRUPT when opened",
  },
  {
    name: "sealed tail",
    there: "5, and sealed",
    settings: { segment: { maxBytes: 4096 } },
    values: short(5).map(() => 1024),
    here: "sound, 5 records",
  },
  {
    name: "value larger than minBufSize",
    there: "1, and sealed",
    settings: { segment: { maxBytes: 4096 } },
    values: [70_000],
    here: "sound, 1 records",
  },
];

const segmentsOfThree: NonNullable<Row["fill"]> = async (machine) => {
  const log = await machine.open();
  for (let segment = 0; segment < 3; segment++) {
    if (segment > 0) await log.rotate();
    await fill(log, 3);
  }
};

const opening: Row[] = [
  {
    name: "empty dir creates new log",
    there: "a first segment",
    fill: async () => undefined,
    here: "new, 0 records",
  },
  { name: "single segment recovery", there: "10", values: short(10), here: "sound, 10 records" },
  { name: "multiple segment recovery", there: "210", fill: segmentsOfThree, here: "sound, 9 records" },
  {
    name: "multiple segment recovery, of a log that was closed",
    there: "210",
    fill: segmentsOfThree,
    closed: true,
    here: "clean, 9 records",
  },
  {
    name: "list fails",
    there: "an error",
    fill: segmentsOfThree,
    befalls: async (machine) => {
      machine.hook = failing({ op: "list", times: Infinity });
    },
    here: "READ_FAILED when opened",
  },
  {
    name: "open fails",
    there: "an error",
    fill: segmentsOfThree,
    befalls: async (machine) => {
      machine.hook = failing({ op: "open", name: ".wal", times: Infinity });
    },
    here: "READ_FAILED when opened",
  },
  {
    name: "recover tail fails",
    there: "an error",
    fill: segmentsOfThree,
    befalls: async (machine) => {
      machine.hook = failing({ op: "read", times: Infinity });
    },
    here: "READ_FAILED when opened",
  },
  {
    name: "commit fails",
    there: "an error",
    fill: async () => undefined,
    befalls: async (machine) => {
      machine.hook = failing({ op: "flush", times: Infinity });
    },
    here: "UNAVAILABLE when opened",
  },
  {
    name: "create fails",
    there: "an error",
    fill: async () => undefined,
    befalls: async (machine) => {
      machine.hook = failing({ op: "create", times: Infinity });
    },
    here: "UNAVAILABLE when opened",
  },
  {
    name: "recover tampered meta store: two tails",
    there: "refused",
    fill: segmentsOfThree,
    befalls: async (machine) => {
      const [, second, third] = await segmentsOf(machine);
      await put(machine, third!, (await machine.files()).get(second!)!);
    },
    here: "CORRUPT when opened",
  },
  // A file whose creation had not begun is not missed: nothing in it was acknowledged.
  {
    name: "ALICE fail: recovering with a missing tail file should work",
    there: "works, with an empty tail",
    fill: async (machine) => {
      const log = await machine.open();
      await fill(log, 5);
      machine.hook = failing({ op: "write", name: ".wal", times: Infinity });
      await log.rotate().catch(() => undefined);
      machine.hook = undefined;
    },
    here: "sound, 5 records",
  },
  // One that had been there, and had a record, is: the seal in front of it bears witness.
  {
    name: "a tail file that is gone, and held records",
    there: "works, and they are lost",
    fill: segmentsOfThree,
    befalls: async (machine) => remove(machine, (await segmentsOf(machine)).at(-1)!),
    here: "CORRUPT when opened",
  },
  {
    name: "the log's only file, cut to nothing",
    there: "an error",
    values: short(3),
    damage: () => cut(0),
    here: "new, 0 records",
  },
];

ported("raft-wal, recovery", recovery);
ported("raft-wal, opening", opening);

describe("raft-wal: deleting ranges", () => {
  // A segment of 100 records and one of 10. What is deleted, and the offsets that are left, or the refusal.
  const rows: [string, (log: Parameters<Verb>[0]) => Promise<void>, [number, number] | "RangeError"][] = [
    ["no-op truncate from head", (log) => log.truncateBefore(0), [0, 110]],
    ["no-op truncate from after tail", (log) => log.truncateAfter(109), [0, 110]],
    ["truncate behind the tail", (log) => log.truncateAfter(500), "RangeError"],
    ["truncate in front of the head", (log) => log.truncateBefore(500), "RangeError"],
    ["in-segment head truncation", (log) => log.truncateBefore(11), [11, 110]],
    ["segment deleting head truncation", (log) => log.truncateBefore(102), [102, 110]],
    ["head truncation up to the seam", (log) => log.truncateBefore(100), [100, 110]],
    ["head truncation deleting all segments", (log) => log.truncateBefore(110), [110, 110]],
    ["non-deleting tail-truncation", (log) => log.truncateAfter(107), [0, 108]],
    ["tail-deleting tail-truncation", (log) => log.truncateAfter(50), [0, 51]],
    ["tail-truncation up to the seam", (log) => log.truncateAfter(99), [0, 100]],
    ["everything deleting truncation", (log) => log.truncateAfter(-1), [0, 0]],
    [
      "truncations at both ends",
      async (log) => {
        await log.truncateBefore(40);
        await log.truncateAfter(60);
      },
      [40, 61],
    ],
  ];
  type Verb = (log: Awaited<ReturnType<ReturnType<typeof memorySync.build>["open"]>>) => unknown;

  // raft-wal#31: a truncated tail was sealed without its index, and unreadable after a restart.
  test.each(rows)("%s, also after a restart (raft-wal#31)", async (_, truncate, left) => {
    const machine = memorySync.build();
    const log = await machine.open();
    await fill(log, 100);
    await log.rotate();
    await fill(log, 10);
    if (left === "RangeError") {
      await expect(truncate(log)).rejects.toThrow(RangeError);
      return;
    }
    await truncate(log);
    const [first, next] = left;
    for (let life = 0; life < 3; life++) {
      const current = life === 0 ? log : await machine.open();
      expect(current).toMatchObject({ first, next: next + life });
      const offsets: number[] = [];
      for await (const { offset, value } of current.read()) {
        if (offset < next) expect(new TextDecoder().decode(value)).toBe(`${offset} `);
        offsets.push(offset);
      }
      expect(offsets).toEqual(Array.from({ length: next + life - first }, (_each, index) => first + index));
      await current.append({ value: "behind" });
      await machine.die();
    }
  });
});
