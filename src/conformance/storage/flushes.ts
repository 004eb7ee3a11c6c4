/** Flushes as long as nothing goes wrong: how many at once, and what may go on beside them. */
import { pattern, segmentName } from "../bytes.ts";
import type { Check } from "../check.ts";
import { demandSameBytes, demandSuccess } from "../demand.ts";
import * as contract from "./contract.ts";

const name = segmentName(0);

export const flushes: readonly Check[] = [
  {
    name: "a file can be flushed when it is new, when nothing has changed, and again and again",
    async run(bench) {
      const place = await bench.place();
      const file = await bench.create(place, name);
      for (let turn = 0; turn < 5; turn++) {
        await demandSuccess(() => file.flush(), contract.file.flush, `flush number ${turn + 1} of a file`);
      }
      await bench.write(file, pattern(10, 1), 0);
      await demandSuccess(() => file.flush(), contract.file.flush, "the flush after a write");
    },
  },
  {
    name: "as many flushes of one file run at once as the storage says",
    async run(bench) {
      const file = await bench.empty(await bench.place(), name);
      const { flushesAtOnce } = bench.storage;
      for (let turn = 0; turn < 5; turn++) {
        const flushing: Promise<unknown>[] = [];
        for (let index = 0; index < flushesAtOnce; index++) {
          await bench.write(file, pattern(5000, index), (turn * flushesAtOnce + index) * 5000);
          flushing.push((async () => file.flush())());
        }
        const what = `${flushesAtOnce} flushes of one file at once`;
        await demandSuccess(() => Promise.all(flushing), contract.storage.flushesAtOnce, what);
      }
      const bytes = await bench.bytesOf(file);
      for (let at = 0; at < bytes.length; at += 5000) {
        const expected = pattern(5000, (at / 5000) % flushesAtOnce);
        demandSameBytes(
          bytes.subarray(at, at + 5000),
          expected,
          contract.file.write,
          `what was written at ${at}`,
        );
      }
    },
  },
  {
    name: "several files of a place can be flushed at the same time",
    async run(bench) {
      const place = await bench.place();
      const files = [];
      for (let index = 0; index < 4; index++) {
        const file = await bench.empty(place, segmentName(index));
        await bench.write(file, pattern(5000, index), 0);
        files.push(file);
      }
      const flushing = files.map(async (file) => file.flush());
      await demandSuccess(
        () => Promise.all(flushing),
        contract.file.flush,
        "flushing four files at the same time",
      );
      for (const [index, file] of files.entries()) {
        demandSameBytes(
          await bench.bytesOf(file),
          pattern(5000, index),
          contract.file.flush,
          `file ${index}`,
        );
      }
    },
  },
  {
    name: "what is written while a flush is on its way is in the file, and the next flush covers it",
    async run(bench) {
      let place = await bench.place();
      const file = await bench.empty(place, name);
      const expected = pattern(50_000, 1);
      for (let at = 0; at < expected.length; at += 10_000) {
        const flushing = (async () => file.flush())();
        await bench.write(file, expected.subarray(at, at + 10_000), at);
        await flushing;
        demandSameBytes(
          await bench.bytesOf(file),
          expected.subarray(0, at + 10_000),
          contract.file.write,
          "the file",
        );
      }
      await file.flush();
      place = await bench.reopened();
      const bytes = await bench.bytesOf(await bench.openFile(place, name));
      demandSameBytes(bytes, expected, contract.file.flush, "the file when opened again");
    },
  },
];
