/** Segments: rotation, truncation at both ends, retention. */
import type { Check } from "../check.ts";
import { demand, demandSame, demandSameNames } from "../demand.ts";
import { appendValues, demandValues, openedLog, reopenedLog, valueOf, values, valuesOf } from "./bench.ts";
import * as contract from "./contract.ts";

const small = { segment: { maxBytes: 1200 } };

export const segments: readonly Check[] = [
  {
    name: "a log of many small segments reads in order, and is the same when opened again",
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 100, 100);
      const { segments: count } = log.stats();
      demand(
        count > 5,
        contract.options.segment,
        () => `100 records of 100 bytes lie in ${count} segments of 1200 bytes.`,
      );
      await demandValues(log, 0, values(0, 100, 100), contract.options.segment);
      const again = await reopenedLog(bench, small);
      await demandValues(again, 0, values(0, 100, 100), contract.options.segment);
      demandSame(
        again.stats().segments,
        count,
        contract.options.segment,
        "the number of segments when opened again",
      );
    },
  },
  {
    name: "rotate answers the segment it finished, and nothing when there is no record in it",
    async run(bench) {
      const log = await openedLog(bench);
      demandSame(
        (await log.rotate())?.name,
        undefined,
        contract.log.rotate,
        "the answer of rotate on an empty log",
      );
      await appendValues(log, 0, 7);
      const closed = await log.rotate();
      demandSame(closed?.first, 0, contract.log.rotate, "the first offset of the finished segment");
      demandSame(closed?.next, 7, contract.log.rotate, "the next offset of the finished segment");
      demandSame((await log.rotate())?.name, undefined, contract.log.rotate, "the answer of a second rotate");
      const ack = await log.append({ value: valueOf(7) });
      demand(
        ack.segment !== closed?.name,
        contract.log.rotate,
        () => `${ack.segment} was finished and is written to.`,
      );
      await demandValues(await reopenedLog(bench), 0, values(0, 8), contract.log.rotate);
    },
  },
  {
    name: "truncateBefore forgets the records before an offset and removes files, for good",
    async run(bench) {
      let log = await openedLog(bench, small);
      await appendValues(log, 0, 60, 100);
      const before = log.stats().segments;
      for (const offset of [1, 25, 50]) {
        await log.truncateBefore(offset);
        await demandValues(log, offset, values(offset, 60, 100), contract.log.truncateBefore);
        log = await reopenedLog(bench, small);
        await demandValues(log, offset, values(offset, 60, 100), contract.log.truncateBefore);
      }
      const after = log.stats().segments;
      demand(after < before, contract.log.truncateBefore, () => `${before} segments became ${after}.`);
      await bench.closeAll();
      const names = await (await bench.reader()).list();
      demandSame(names.length, after, contract.log.truncateBefore, "the number of files that are left");
    },
  },
  {
    name: "truncateAfter forgets the records after an offset, which get new values, for good",
    async run(bench) {
      let log = await openedLog(bench, small);
      await appendValues(log, 0, 40, 100);
      let expected = values(0, 40, 100);
      for (const offset of [38, 20, 19, 3]) {
        await log.truncateAfter(offset);
        demandSame(log.next, offset + 1, contract.log.truncateAfter, "log.next");
        expected = expected.slice(0, offset + 1);
        await demandValues(log, 0, expected, contract.log.truncateAfter);
        await log.append({ value: `instead of ${offset + 1}` });
        expected.push(`instead of ${offset + 1}`);
        log = await reopenedLog(bench, small);
        await demandValues(log, 0, expected, contract.log.truncateAfter);
      }
    },
  },
  {
    name: "a log whose records are all forgotten goes on with the next offset, also when opened again",
    async run(bench) {
      let log = await openedLog(bench, small);
      await appendValues(log, 0, 30, 100);
      await log.truncateBefore(30);
      for (let turn = 0; turn < 2; turn++) {
        demandSame(log.next, 30, contract.log.truncateBefore, "log.next");
        await demandValues(log, 30, [], contract.log.truncateBefore);
        log = await reopenedLog(bench, small);
      }
      demandSame(
        (await log.append({ value: valueOf(30) })).offset,
        30,
        contract.promise.dense,
        "the next offset",
      );
      await log.truncateAfter(29);
      log = await reopenedLog(bench, small);
      demandSame(
        (await log.append({ value: valueOf(30) })).offset,
        30,
        contract.promise.dense,
        "the next offset",
      );
      await demandValues(log, 30, values(30, 31), contract.log.truncateAfter);
    },
  },
  {
    name: "retention by size drops the oldest whole segments",
    async run(bench) {
      const options = { ...small, retention: { maxBytes: 5000 } };
      const log = await openedLog(bench, options);
      await appendValues(log, 0, 200, 100);
      demand(
        log.first > 0,
        contract.options.retention,
        () => "Nothing was dropped of 20,000 bytes, with 5000 to keep.",
      );
      await demandValues(log, log.first, values(log.first, 200, 100), contract.options.retention);
      const { first } = log;
      const again = await reopenedLog(bench, options);
      await demandValues(
        again,
        Math.max(first, again.first),
        values(again.first, 200, 100),
        contract.options.retention,
      );
    },
  },
  {
    name: "files that are used again and again never bring old records back",
    async run(bench) {
      let log = await openedLog(bench, small);
      let next = 0;
      for (let turn = 0; turn < 12; turn++) {
        await appendValues(log, next, next + 9, 100);
        next += 9;
        await log.truncateBefore(next - 4);
        if (turn % 3 === 2) {
          await log.truncateAfter(next - 2);
          next--;
        }
        if (turn % 4 === 3) log = await reopenedLog(bench, small);
        await demandValues(log, log.first, values(log.first, next, 100), contract.log.truncateBefore);
      }
      await bench.closeAll();
      const names = await (await bench.reader()).list();
      demandSameNames([...new Set(names)], names, contract.format.names, "the names of the segments");
    },
  },
  {
    name: "offsetAt finds the first record of a time, over all segments",
    async run(bench) {
      const log = await openedLog(bench, small);
      for (let number = 0; number < 50; number++)
        await log.append({ value: valueOf(number, 100), timestamp: number * 10 });
      for (const [timestamp, offset] of [
        [0, 0],
        [1, 1],
        [10, 1],
        [255, 26],
        [490, 49],
        [491, 50],
      ] as const) {
        demandSame(await log.offsetAt(timestamp), offset, contract.log.offsetAt, `offsetAt(${timestamp})`);
      }
    },
  },
  {
    name: "a range is read from its first offset to the one before its end",
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 40, 100);
      for (const [from, to] of [
        [0, 40],
        [0, 0],
        [5, 6],
        [11, 29],
        [39, 40],
        [40, 40],
      ] as const) {
        const found: string[] = [];
        for await (const record of log.read({ from, to })) found.push(`${record.offset}`);
        const expected = Array.from({ length: to - from }, (_, index) => `${from + index}`);
        demandSame(found.join(), expected.join(), contract.read.range, `the offsets of [${from}, ${to})`);
      }
      demandSame(
        (await valuesOf(log, 33)).length,
        7,
        contract.read.range,
        "the number of records from 33 on",
      );
    },
  },
];
