/**
 * The cases of LevelDB's log_test. There a record may be cut into fragments, and a reader goes on behind
 * what is damaged; here a batch is whole or is not there, and what was flushed and is damaged is an error.
 */
import { describe, expect, test } from "vitest";
import { reseal, setField } from "../format/forge.ts";
import { cut, flip, overwrite, zero } from "../recovery/damage.ts";
import { failing } from "../support/faults.ts";
import { memorySync } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { ported, type Row } from "./ported.ts";

const blockBytes = 32_768;
const headerBytes = 64;

/** A value that makes the segment end so many bytes before the end of a block of LevelDB's. */
const upTo = (before: number): number[] => [blockBytes - before - 360, 10, 10];

const rows: Row[] = [
  { name: "Empty", there: "end of file", values: [], here: "sound, 0 records" },
  { name: "ReadWrite", there: "reads what was written", values: [3, 3, 0, 4], here: "sound, 4 records" },
  {
    name: "ManyBlocks",
    there: "reads 100,000 records",
    fill: async (machine) => {
      const log = await machine.open();
      await Promise.all(Array.from({ length: 20_000 }, (_, index) => log.append({ value: `${index}` })));
    },
    here: "sound, 20000 records",
  },
  {
    name: "Fragmentation",
    there: "small, medium and large",
    values: [5, 50_000, 100_000],
    here: "sound, 3 records",
  },
  {
    name: "MarginalTrailer",
    there: "a header fills the block",
    values: upTo(headerBytes),
    here: "sound, 3 records",
  },
  {
    name: "MarginalTrailer2",
    there: "the same, without a record behind",
    values: upTo(headerBytes).slice(0, 1),
    here: "sound, 1 records",
  },
  {
    name: "ShortTrailer",
    there: "no header fits in the block",
    values: upTo(headerBytes - 8),
    here: "sound, 3 records",
  },
  {
    name: "AlignedEof",
    there: "the file ends with the trailer",
    values: upTo(0).slice(0, 1),
    here: "sound, 1 records",
  },
  {
    name: "OpenForAppend",
    there: "goes on behind",
    values: [5],
    befalls: async (machine) => {
      await (await machine.open()).append({ value: "world" });
      await machine.die();
    },
    here: "sound, 2 records",
  },
  {
    name: "RandomRead",
    there: "500 records of skewed lengths",
    values: Array.from(
      { length: 200 },
      (_, index) => (index * index * 7919) % (index % 17 === 0 ? 40_000 : 300),
    ),
    here: "sound, 200 records",
  },
  {
    name: "BadRecordType",
    there: "dropped with a report",
    values: [3],
    damage:
      ([batch]) =>
      (bytes) => {
        setField(bytes, batch!, "attributes", 64);
        reseal(bytes, batch!);
        return bytes;
      },
    here: "FORMAT when opened",
  },
  {
    name: "TruncatedTrailingRecordIsIgnored",
    there: "end of file, no report",
    values: [3],
    damage: ([batch]) => cut(batch!.position + 4),
    here: "torn, 0 records",
  },
  {
    name: "BadLength",
    there: "dropped: bad record length",
    values: [10, 3],
    damage:
      ([batch]) =>
      (bytes) => {
        setField(bytes, batch!, "length", 80_000);
        return bytes;
      },
    here: "CORRUPT when opened",
  },
  {
    name: "BadLengthAtEndIsIgnored",
    there: "end of file, no report",
    values: [3],
    damage: ([batch]) => cut(batch!.end - 1),
    here: "torn, 0 records",
  },
  {
    name: "ChecksumMismatch",
    there: "dropped: checksum mismatch",
    values: [3],
    damage: ([batch]) => flip(batch!.position),
    here: "torn, 0 records",
  },
  {
    name: "ChecksumMismatch, with a record behind",
    there: "dropped, and the record behind is read",
    values: [3, 3],
    damage: ([batch]) => flip(batch!.position),
    here: "CORRUPT when opened",
  },
  {
    name: "UnexpectedMiddleType",
    there: "dropped: missing start",
    values: [3, 3],
    damage:
      ([, batch]) =>
      (bytes) => {
        setField(bytes, batch!, "previous checksum", 1);
        reseal(bytes, batch!);
        return bytes;
      },
    here: "torn, 1 records",
  },
  {
    name: "UnexpectedLastType",
    there: "dropped: missing start",
    values: [3, 3, 3],
    damage:
      ([, batch]) =>
      (bytes) => {
        setField(bytes, batch!, "previous checksum", 1);
        reseal(bytes, batch!);
        return bytes;
      },
    here: "CORRUPT when opened",
  },
  {
    name: "UnexpectedFullType",
    there: "dropped: partial record without end, and the next is read",
    values: [3, 3],
    damage:
      ([batch]) =>
      (bytes) => {
        setField(bytes, batch!, "count", 2);
        reseal(bytes, batch!);
        return bytes;
      },
    here: "CORRUPT when read, behind 1 records",
  },
  {
    name: "UnexpectedFirstType",
    there: "dropped, and the large record behind is read",
    values: [3, 100_000],
    damage:
      ([batch]) =>
      (bytes) => {
        setField(bytes, batch!, "count", 2);
        reseal(bytes, batch!);
        return bytes;
      },
    here: "CORRUPT when read, behind 1 records",
  },
  {
    name: "MissingLastIsIgnored",
    there: "end of file, no report",
    values: [blockBytes],
    damage: (_, bytes) => cut(bytes.length - 14),
    here: "torn, 0 records",
  },
  {
    name: "PartialLastIsIgnored",
    there: "end of file, no report",
    values: [blockBytes],
    damage: (_, bytes) => cut(bytes.length - 1),
    here: "torn, 0 records",
  },
  {
    name: "SkipIntoMultiRecord",
    there: "a fragment without its start is skipped",
    values: [3 * blockBytes, 7],
    damage: ([batch]) => zero(batch!.position, blockBytes),
    here: "CORRUPT when opened",
  },
  {
    name: "ErrorJoinsRecords",
    there: "never joins the halves of two records, and reads the third",
    values: [blockBytes, blockBytes, 7],
    damage: () => overwrite(blockBytes, new Uint8Array(blockBytes).fill(120)),
    here: "CORRUPT when opened",
  },
];

ported("LevelDB", rows);

describe("LevelDB: reading from an initial offset", () => {
  // There an offset is a position in the file, and here the number of a record; the cases are the edges.
  const cases = [
    ["ReadStart", 0, 6],
    ["ReadSecondOneOff", 1, 5],
    ["ReadSecondTenThousand", 1, 5],
    ["ReadSecondStart", 1, 5],
    ["ReadThirdOneOff", 2, 4],
    ["ReadThirdStart", 2, 4],
    ["ReadFourthOneOff", 3, 3],
    ["ReadFourthFirstBlockTrailer", 3, 3],
    ["ReadFourthMiddleBlock", 3, 3],
    ["ReadFourthLastBlock", 3, 3],
    ["ReadFourthStart", 3, 3],
    ["ReadInitialOffsetIntoBlockPadding", 5, 1],
    ["ReadEnd", 6, 0],
  ] as const;

  test.each(cases)("%s", async (_, from, count) => {
    const log = await memorySync.build().open();
    for (const length of [10_000, 10_000, 2 * blockBytes - 1000, 1, 3 * blockBytes, blockBytes]) {
      await log.append({ value: "x".repeat(length) });
    }
    const offsets: number[] = [];
    for await (const { offset } of log.read({ from })) offsets.push(offset);
    expect(offsets).toEqual(Array.from({ length: count }, (_each, index) => from + index));
  });

  test("ReadPastEnd", async () => {
    const log = await memorySync.build().open();
    await log.append({ value: "one" });
    await expect(log.read({ from: 6 }).next()).rejects.toThrow(RangeError);
  });
});

test("LevelDB: ReadError is reported, and is never the end of the log", async () => {
  const machine = memorySync.build();
  const log = await machine.open();
  await log.append({ value: "foo" });
  machine.hook = failing({ op: "read" });
  await refusal(log.read().next(), "READ_FAILED");
});
