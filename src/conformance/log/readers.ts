/** Reading while the log is written: by the writer itself, and by readers without the lock. */
import type { Check } from "../check.ts";
import { demand, demandFailure, demandSame } from "../demand.ts";
import {
  appendValues,
  demandCode,
  demandValues,
  openedLog,
  openedReader,
  textOf,
  valueOf,
  values,
} from "./bench.ts";
import * as contract from "./contract.ts";

const small = { segment: { maxBytes: 1200 } };

export const readers: readonly Check[] = [
  {
    name: "a follower gets every record once and in order, over rotations, and ends at its end",
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 10, 100);
      const following = (async (): Promise<string[]> => {
        const found: string[] = [];
        for await (const record of log.read({ from: 0, to: 80, follow: true }))
          found.push(textOf(record.value));
        return found;
      })();
      await appendValues(log, 10, 80, 100);
      const found = await following;
      demandSame(
        found.join("\n"),
        values(0, 80, 100).join("\n"),
        contract.read.follow,
        "what a follower got",
      );
    },
  },
  {
    name: "records that are read while more are appended are whole, and never ahead of what is durable",
    async run(bench) {
      const log = await openedLog(bench, small);
      let isOver = false;
      const writing = (async (): Promise<void> => {
        for (let number = 0; number < 200; number += 10) {
          await Promise.all(values(number, number + 10, 100).map((value) => log.append({ value })));
        }
        isOver = true;
      })();
      while (!isOver) {
        let next = log.first;
        for await (const record of log.read()) {
          demandSame(record.offset, next++, contract.promise.dense, "the offset of a record");
          demandSame(textOf(record.value), valueOf(record.offset, 100), contract.promise.visible, "a value");
          demand(record.offset < log.durable, contract.promise.visible, () => {
            return `Offset ${record.offset} was read, and durable is ${log.durable}.`;
          });
        }
        await bench.storage.sleep(0);
      }
      await writing;
    },
  },
  {
    name: "reading behind the end is a RangeError, and what was truncated away is TRUNCATED",
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 40, 100);
      await log.truncateBefore(30);
      const behind = async (): Promise<unknown> => log.read({ from: 41 }).next();
      const error = await demandFailure(behind, contract.read.range, "Reading from behind the end");
      demand(error instanceof RangeError, contract.read.range, () => "It was no RangeError.");
      const before = async (): Promise<unknown> => log.read({ from: 3 }).next();
      await demandCode(before, "TRUNCATED", contract.log.truncateBefore, "Reading what was truncated away");
    },
  },
  {
    name: "a reader beside the writer sees what is durable, and more when it looks again",
    needs: ["readBeside"],
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 30, 100);
      const reader = await openedReader(bench);
      await demandValues(reader, 0, values(0, 30, 100), contract.opening.reader);
      await appendValues(log, 30, 60, 100);
      await log.flush();
      demandSame(await reader.refresh(), true, contract.opening.reader, "whether the reader saw a change");
      await demandValues(reader, 0, values(0, 60, 100), contract.opening.reader);
      await log.truncateBefore(45);
      await reader.refresh();
      await demandValues(reader, reader.first, values(reader.first, 60, 100), contract.opening.reader);
    },
  },
  {
    name: "a reader beside the writer follows it over rotations",
    needs: ["readBeside"],
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 3, 100);
      const reader = await openedReader(bench);
      const following = (async (): Promise<string[]> => {
        const found: string[] = [];
        for await (const record of reader.read({ from: 0, to: 40, follow: true }))
          found.push(textOf(record.value));
        return found;
      })();
      await appendValues(log, 3, 40, 100);
      const found = await following;
      demandSame(
        found.join("\n"),
        values(0, 40, 100).join("\n"),
        contract.read.follow,
        "what the reader got",
      );
    },
  },
  {
    name: "a reader of a closed log sees all of it, and leaves it unlocked",
    async run(bench) {
      const log = await openedLog(bench, small);
      await appendValues(log, 0, 30, 100);
      await bench.closeAll();
      const reader = await openedReader(bench);
      await demandValues(reader, 0, values(0, 30, 100), contract.opening.reader);
      demandSame(reader.durable, 30, contract.opening.reader, "reader.durable");
      await bench.close(reader);
      const again = await openedLog(bench, small);
      await demandValues(again, 0, values(0, 30, 100), contract.opening.reader);
    },
  },
];
