/** The names in a place: creating, opening, listing and removing files. */
import { joined, pattern, segmentName } from "../bytes.ts";
import type { Check } from "../check.ts";
import { demand, demandFailure, demandSame, demandSameBytes, demandSameNames } from "../demand.ts";
import * as contract from "./contract.ts";

const [first, second, third] = [segmentName(0), segmentName(7), segmentName(7, 3)];

export const names: readonly Check[] = [
  {
    name: "a file that is created is listed, and can be written and read at once",
    async run(bench) {
      const place = await bench.place();
      for (const [index, name] of [first, second, third].entries()) {
        const file = await bench.empty(place, name);
        await bench.write(file, pattern(64, index), 0);
        demandSameBytes(await bench.bytesOf(file), pattern(64, index), contract.place.create, name);
      }
      const listed = await place.list();
      demandSameNames(listed, [first, second, third], contract.place.list, "what the place lists");
    },
  },
  {
    name: "creating a name that exists fails, and leaves the file as it is",
    async run(bench) {
      let place = await bench.place();
      await bench.close(await bench.filled(place, first, pattern(300, 1)));
      const create = () => place.create(first);
      await demandFailure(create, contract.place.create, `Creating ${first}, which exists,`);
      place = await bench.reopened();
      await demandFailure(
        create,
        contract.place.create,
        `Creating ${first}, which exists since before the place was opened,`,
      );
      const file = await bench.openFile(place, first);
      demandSameBytes(
        await bench.bytesOf(file),
        pattern(300, 1),
        contract.place.create,
        "the file after the failed create",
      );
      demandSameNames(await place.list(), [first], contract.place.list, "what the place lists");
    },
  },
  {
    name: "opening a name that does not exist fails, and creates nothing",
    async run(bench) {
      const place = await bench.place();
      await demandFailure(
        () => place.open(first),
        contract.place.open,
        `Opening ${first}, which does not exist,`,
      );
      demandSameNames(await place.list(), [], contract.place.list, "what the place lists after that");
      await bench.filled(place, first, pattern(10, 1));
    },
  },
  {
    name: "names and bytes that were flushed are there when the place is opened again",
    async run(bench) {
      let place = await bench.place();
      const all = [first, second, third];
      for (const [index, name] of all.entries())
        await bench.filled(place, name, pattern(5000 + index, index));
      for (let turn = 0; turn < 2; turn++) {
        place = await bench.reopened();
        demandSameNames(await place.list(), all, contract.place.list, "what the place lists");
        for (const [index, name] of all.entries()) {
          const file = await bench.openFile(place, name);
          demandSameBytes(await bench.bytesOf(file), pattern(5000 + index, index), contract.place.open, name);
        }
      }
    },
  },
  {
    name: "names and bytes are there for another storage over the same data",
    needs: ["again"],
    async run(bench) {
      const place = await bench.place();
      await bench.filled(place, first, pattern(5000, 1));
      await bench.closeAll();
      const other = await bench.place(bench.path, await bench.again());
      demandSameNames(await other.list(), [first], contract.place.list, "what the place lists");
      const file = await bench.openFile(other, first);
      demandSameBytes(await bench.bytesOf(file), pattern(5000, 1), contract.place.open, first);
    },
  },
  ...[true, false].map((reuse): Check => ({
    name: `a file that is removed with reuse ${reuse} is gone, and its name can be created again`,
    async run(bench) {
      let place = await bench.place();
      const kept = await bench.filled(place, first, pattern(200, 1));
      await bench.close(await bench.filled(place, second, pattern(5000, 2)));
      await place.remove(second, { reuse });
      demandSameNames(
        await place.list(),
        [first],
        contract.place.remove,
        "what the place lists after a removal",
      );
      await demandFailure(
        () => place.open(second),
        contract.place.remove,
        `Opening ${second}, which was removed,`,
      );
      await kept.flush();
      const again = await bench.create(place, second);
      await bench.write(again, pattern(5001, 3), 0);
      await again.flush();
      place = await bench.reopened();
      demandSameNames(await place.list(), [first, second], contract.place.list, "what the place lists");
      const bytes = await bench.bytesOf(await bench.openFile(place, second));
      demandSameBytes(
        bytes.subarray(0, 5001),
        pattern(5001, 3),
        contract.place.create,
        "the file created again",
      );
      const old = await bench.bytesOf(await bench.openFile(place, first));
      demandSameBytes(old, pattern(200, 1), contract.place.remove, "the file that was not removed");
    },
  })),
  {
    name: "a removed file stays removed when the place is opened again",
    async run(bench) {
      let place = await bench.place();
      for (const [index, name] of [first, second, third].entries()) {
        await bench.close(await bench.filled(place, name, pattern(100, index)));
      }
      await place.remove(second, { reuse: true });
      await place.remove(third, { reuse: false });
      const file = await bench.openFile(place, first);
      await file.flush();
      place = await bench.reopened();
      demandSameNames(await place.list(), [first], contract.place.remove, "what the place lists");
    },
  },
  {
    name: "files that are made of removed ones share no byte with each other or with what is kept",
    async run(bench) {
      const place = await bench.place();
      const kept = await bench.filled(place, first, pattern(4096, 1));
      const removed = [segmentName(1), segmentName(2), segmentName(3)];
      for (const name of removed) await bench.close(await bench.filled(place, name, pattern(9000, 2)));
      for (const name of removed) await place.remove(name, { reuse: true });
      await kept.flush();
      const created = [];
      for (let number = 11; number < 14; number++)
        created.push(await bench.create(place, segmentName(number)));
      for (const [index, file] of created.entries()) await bench.write(file, pattern(7000, 10 + index), 0);
      for (const file of created) await file.flush();
      for (const [index, file] of created.entries()) {
        const bytes = await bench.bytesOf(file);
        demandSameBytes(
          bytes.subarray(0, 7000),
          pattern(7000, 10 + index),
          contract.place.stale,
          "a new file",
        );
      }
      demandSameBytes(
        await bench.bytesOf(kept),
        pattern(4096, 1),
        contract.place.stale,
        "the file that was kept",
      );
    },
  },
  {
    name: "a place holds a hundred files, and lists each of them once",
    async run(bench) {
      let place = await bench.place();
      const all = Array.from({ length: 100 }, (_, index) => segmentName(index * 1000));
      for (const name of all)
        await bench.close(await bench.filled(place, name, pattern(40, all.indexOf(name))));
      demandSameNames(await place.list(), all, contract.place.list, "what the place lists");
      place = await bench.reopened();
      demandSameNames(await place.list(), all, contract.place.list, "what the place lists when opened again");
      const file = await bench.openFile(place, all[77]!);
      demandSameBytes(await bench.bytesOf(file), pattern(40, 77), contract.place.open, all[77]!);
    },
  },
  {
    name: "a file can be closed and opened again within one opening of its place",
    async run(bench) {
      const place = await bench.place();
      let expected = new Uint8Array(0);
      await bench.close(await bench.filled(place, first, expected));
      for (let turn = 0; turn < 4; turn++) {
        const file = await bench.openFile(place, first);
        demandSame(await file.size(), expected.length, contract.file.size, "the size of the file");
        await bench.write(file, pattern(1000, turn), expected.length);
        expected = new Uint8Array(joined(expected, pattern(1000, turn)));
        await file.flush();
        await bench.close(file);
      }
      const file = await bench.openFile(place, first);
      demandSameBytes(await bench.bytesOf(file), expected, contract.place.open, "the file");
      demand(
        (await place.list()).length === 1,
        contract.place.list,
        () => "Opening a file changed the list.",
      );
    },
  },
  {
    name: "work in a place's reserve is run once and to its end, or not at all",
    async run(bench) {
      const place = await bench.place();
      await bench.close(await bench.filled(place, first, pattern(10, 1)));
      if (place.inReserve === undefined) return;
      // What was freed for the first work is there again for the second.
      for (const name of [second, third]) {
        let ended = 0;
        const isRun = await place.inReserve(async () => {
          await bench.close(await bench.filled(place, name, pattern(5000, 2)));
          ended++;
        });
        demandSame(isRun, ended === 1, contract.place.inReserve, "what it answered");
        demand(ended < 2, contract.place.inReserve, () => `The work was run ${ended} times.`);
      }
    },
  },
];
