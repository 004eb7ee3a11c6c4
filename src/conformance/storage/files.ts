/** The bytes of one file: size, read, write, truncate. */
import { joined, pattern, segmentName } from "../bytes.ts";
import type { Check } from "../check.ts";
import { demand, demandSame, demandSameBytes } from "../demand.ts";
import * as contract from "./contract.ts";

const name = segmentName(0);
/** Where backends that keep a file in pieces have their seams. */
const edges = [1, 511, 512, 4095, 4096, 4097, 65_535, 65_536, 65_537, 262_144, 1_048_577];

export const files: readonly Check[] = [
  {
    name: "what is written at a position is read at that position, over and behind what was there",
    async run(bench) {
      const file = await bench.empty(await bench.place(), name);
      const expected = new Uint8Array(20_000);
      let size = 0;
      for (const [index, [position, count]] of [
        [0, 100],
        [100, 5000],
        [50, 100],
        [5100, 3],
        [5103, 14_000],
        [4096, 4096],
        [0, 1],
        [19_102, 1],
      ].entries()) {
        await bench.write(file, pattern(count!, index), position!);
        expected.set(pattern(count!, index), position);
        size = Math.max(size, position! + count!);
        demandSame(
          await file.size(),
          size,
          contract.file.size,
          `the size after a write of ${count} bytes at ${position}`,
        );
        demandSameBytes(
          await bench.bytesOf(file),
          expected.subarray(0, size),
          contract.file.write,
          "the file",
        );
      }
    },
  },
  {
    name: "writes and reads of any length are done whole, in one call",
    async run(bench) {
      const place = await bench.place();
      for (const [index, count] of edges.entries()) {
        const file = await bench.empty(place, segmentName(index));
        await bench.write(file, pattern(count, index), 0);
        demandSameBytes(
          await bench.bytesOf(file),
          pattern(count, index),
          contract.file.write,
          `a write of ${count} bytes`,
        );
        const position = Math.floor(count / 3);
        const part = await bench.read(file, position, count - position, count);
        demandSameBytes(
          part,
          pattern(count, index).subarray(position),
          contract.file.read,
          `a read from ${position}`,
        );
        await bench.close(file);
      }
    },
  },
  {
    name: "a read that reaches the end answers the count up to there, and behind the end 0",
    async run(bench) {
      const file = await bench.filled(await bench.place(), name, pattern(5000, 1));
      for (const [position, length, expected] of [
        [4990, 64, 10],
        [0, 6000, 5000],
        [4999, 1, 1],
        [4999, 2, 1],
        [5000, 10, 0],
        [123_456, 10, 0],
      ]) {
        const count = await file.read(new Uint8Array(length!), position!);
        const what = `the answer to a read of ${length} bytes at position ${position} of a file of 5000 bytes`;
        demandSame(count, expected!, contract.file.readShort, what);
      }
    },
  },
  {
    name: "reads and writes of nothing answer 0 and change nothing",
    async run(bench) {
      const file = await bench.filled(await bench.place(), name, pattern(10, 1));
      demandSame(
        await file.write(new Uint8Array(0), 10),
        0,
        contract.file.write,
        "the answer to a write of nothing",
      );
      demandSame(
        await file.read(new Uint8Array(0), 3),
        0,
        contract.file.read,
        "the answer to a read of nothing",
      );
      demandSameBytes(await bench.bytesOf(file), pattern(10, 1), contract.file.write, "the file");
    },
  },
  {
    name: "a part of a larger array is written and read into without touching its neighbours",
    async run(bench) {
      const file = await bench.empty(await bench.place(), name);
      const array = pattern(3000, 1);
      await bench.write(file, array.subarray(1000, 2000), 0);
      demandSameBytes(
        await bench.bytesOf(file),
        array.slice(1000, 2000),
        contract.file.write,
        "a part that was written",
      );
      const target = new Uint8Array(3000).fill(7);
      demandSame(
        await file.read(target.subarray(1000, 2000), 0),
        1000,
        contract.file.read,
        "the answer to a read",
      );
      const expected = joined(
        new Uint8Array(1000).fill(7),
        array.slice(1000, 2000),
        new Uint8Array(1000).fill(7),
      );
      demandSameBytes(target, expected, contract.file.read, "the array that was read into");
    },
  },
  {
    name: "the array that was written may be changed as soon as the answer is there",
    async run(bench) {
      let place = await bench.place();
      const file = await bench.empty(place, name);
      const expected = new Uint8Array(70_000 * 3);
      const source = new Uint8Array(70_000);
      for (let turn = 0; turn < 3; turn++) {
        source.set(pattern(70_000, turn));
        expected.set(source, turn * source.length);
        await bench.write(file, source, turn * source.length);
        source.fill(255);
      }
      demandSameBytes(await bench.bytesOf(file), expected, contract.file.source, "the file before the flush");
      await file.flush();
      place = await bench.reopened();
      const again = await bench.openFile(place, name);
      demandSameBytes(await bench.bytesOf(again), expected, contract.file.source, "the file after the flush");
    },
  },
  {
    name: "the array that was read into may be changed without changing the file",
    async run(bench) {
      const file = await bench.filled(await bench.place(), name, pattern(9000, 1));
      (await bench.bytesOf(file)).fill(0);
      demandSameBytes(await bench.bytesOf(file), pattern(9000, 1), contract.file.read, "the second read");
    },
  },
  {
    name: "truncating makes a file exactly as long as it says, shorter or longer",
    async run(bench) {
      const file = await bench.filled(await bench.place(), name, pattern(9000, 1));
      for (const size of [9000, 5000, 4096, 4095, 10, 5000, 0, 1]) {
        await file.truncate(size);
        demandSame(await file.size(), size, contract.file.truncate, `the size after truncate(${size})`);
        const count = await file.read(new Uint8Array(10_000), 0);
        demandSame(
          count,
          size,
          contract.file.truncate,
          `the count of bytes that are there after truncate(${size})`,
        );
      }
    },
  },
  {
    name: "truncating keeps what lies before, and writing goes on behind it",
    async run(bench) {
      let place = await bench.place();
      const file = await bench.filled(place, name, pattern(9000, 1));
      await file.truncate(4500);
      demandSameBytes(
        await bench.bytesOf(file),
        pattern(9000, 1).subarray(0, 4500),
        contract.file.truncate,
        "what is left",
      );
      await bench.write(file, pattern(100, 2), 4500);
      await file.flush();
      const expected = joined(pattern(9000, 1).subarray(0, 4500), pattern(100, 2));
      demandSameBytes(await bench.bytesOf(file), expected, contract.file.truncate, "the file");
      place = await bench.reopened();
      const again = await bench.openFile(place, name);
      demandSameBytes(
        await bench.bytesOf(again),
        expected,
        contract.file.truncate,
        "the file when opened again",
      );
    },
  },
  {
    name: "files are independent: writing, truncating and flushing one leaves the other as it is",
    async run(bench) {
      const place = await bench.place();
      const one = await bench.filled(place, segmentName(1), pattern(5000, 1));
      const other = await bench.filled(place, segmentName(2), pattern(6000, 2));
      await bench.write(one, pattern(3000, 3), 1000);
      await one.truncate(2000);
      await one.flush();
      demandSameBytes(await bench.bytesOf(other), pattern(6000, 2), contract.anywhere.flat, "the other file");
      demandSame(await one.size(), 2000, contract.file.size, "the size of the one");
    },
  },
  {
    name: "several reads of one file at the same time answer their own bytes each",
    async run(bench) {
      const expected = pattern(300_000, 1);
      const file = await bench.filled(await bench.place(), name, expected);
      const positions = Array.from({ length: 20 }, (_, index) => index * 14_000);
      const parts = await Promise.all(
        positions.map((position) => bench.read(file, position, 15_000, 300_000)),
      );
      for (const [index, part] of parts.entries()) {
        const at = positions[index]!;
        demandSameBytes(
          part,
          expected.subarray(at, at + 15_000),
          contract.file.read,
          `the read at position ${at}`,
        );
      }
    },
  },
  {
    name: "what was flushed reads the same while something behind it is being written and flushed",
    async run(bench) {
      const before = pattern(100_000, 1);
      const file = await bench.filled(await bench.place(), name, before);
      for (let turn = 0; turn < 5; turn++) {
        const position = 100_000 + turn * 70_000;
        const writing = (async (): Promise<void> => {
          await bench.write(file, pattern(70_000, turn), position);
          await file.flush();
        })();
        const read = bench.read(file, 10_000, 90_000, position);
        demandSameBytes(await read, before.subarray(10_000), contract.file.read, "what was flushed before");
        await writing;
        const size = await file.size();
        demand(
          size === position + 70_000,
          contract.file.size,
          () => `The size is ${size} behind a write up to ${position + 70_000}.`,
        );
      }
    },
  },
];
