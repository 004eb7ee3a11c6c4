/** Opening a place: who gets it, who does not, and who gets it next. */
import { WalError } from "../../errors.ts";
import type { Place, Storage } from "../../storage.ts";
import type { Bench } from "../bench.ts";
import { pattern, segmentName } from "../bytes.ts";
import type { Check } from "../check.ts";
import type { Clause } from "../clause.ts";
import { demand, demandFailure, demandSame, demandSameBytes, demandSameNames, messageOf } from "../demand.ts";
import * as contract from "./contract.ts";

const name = segmentName(0);

/** Opens the place of `bench` on `storage`, which must fail with `LOCKED`. */
async function demandLocked(bench: Bench, storage: Storage, what: string): Promise<void> {
  const open = async (): Promise<unknown> => storage.open(bench.path, { mode: "write" });
  const error = await demandFailure(open, contract.mode.locked, what);
  demand(error instanceof WalError, contract.mode.locked, () => {
    return `${what} failed with ${messageOf(error)}, which is no WalError.`;
  });
  demandSame(error.code, "LOCKED", contract.mode.locked, `the code when ${what} failed (${error.message})`);
}

function demandIncludes(
  names: readonly string[],
  wanted: readonly string[],
  clause: Clause,
  what: string,
): void {
  const missing = wanted.filter((each) => !names.includes(each));
  demandSameNames(missing, [], clause, `what is missing of ${what}`);
  demandSame(new Set(names).size, names.length, clause, `the number of different names of ${what}`);
}

export const places: readonly Check[] = [
  {
    name: "opening a place for writing creates it, with nothing in it",
    async run(bench) {
      const place = await bench.place();
      demandSameNames(await place.list(), [], contract.mode.creates, "what a new place lists");
    },
  },
  {
    name: "opening a missing place for reading answers undefined, and creates nothing",
    async run(bench) {
      for (const path of [bench.path, [bench.path[0]!, "1"], bench.path]) {
        const answer = await bench.storage.open(path, { mode: "read" });
        demandSame(
          answer === undefined,
          true,
          contract.mode.read,
          `whether ${path.join("/")} was answered as missing`,
        );
      }
    },
  },
  {
    name: "list names what comes directly behind a path, while places are open as well",
    async run(bench) {
      const [topic] = bench.path;
      const { storage } = bench;
      demandIncludes(
        await storage.list([topic!]),
        [],
        contract.storage.list,
        "what is listed before anything is there",
      );
      await bench.place();
      const other = (await storage.open([topic!, "12"], { mode: "write" }))!;
      await other.close();
      const { list } = contract.storage;
      demandIncludes(await storage.list([]), [topic!], list, "what is listed at the top");
      demandIncludes(
        await storage.list([topic!]),
        [bench.path[1]!, "12"],
        contract.storage.listTakes,
        "what is listed behind a name",
      );
      await demandLocked(bench, storage, "opening a place for writing after it was listed");
    },
  },
  {
    name: "a second opener for writing gets LOCKED at once, and the first keeps the place",
    async run(bench) {
      const place = await bench.place();
      const file = await bench.filled(place, name, pattern(100, 1));
      for (let attempt = 0; attempt < 3; attempt++) {
        await demandLocked(bench, bench.storage, "opening a place for writing that is open for writing");
      }
      await bench.write(file, pattern(100, 2), 100);
      await file.flush();
      demandSame(await file.size(), 200, contract.mode.locked, "the size of the first opener's file");
    },
  },
  {
    name: "a second opener on another storage over the same data gets LOCKED at once",
    needs: ["again"],
    async run(bench) {
      await bench.place();
      const other = await bench.again();
      for (let attempt = 0; attempt < 3; attempt++) {
        await demandLocked(
          bench,
          other,
          "opening a place for writing that another storage has open for writing",
        );
      }
    },
  },
  {
    name: "of several who open a place for writing at the same moment, one gets it",
    async run(bench) {
      await demandOneWinner(bench, [bench.storage, bench.storage, bench.storage, bench.storage]);
    },
  },
  {
    name: "of several storages over the same data that open a place at the same moment, one gets it",
    needs: ["again"],
    async run(bench) {
      const storages = [bench.storage];
      while (storages.length < 4) storages.push(await bench.again());
      await demandOneWinner(bench, storages);
    },
  },
  {
    name: "closing a place frees its lock, again and again",
    async run(bench) {
      for (let turn = 0; turn < 5; turn++) {
        await bench.demandFree(contract.place.close, `after it was closed ${turn} times`);
        await bench.closeAll();
      }
    },
  },
  {
    name: "a place that somebody else holds is LOCKED, and is free when the holder has died",
    needs: ["holdElsewhere"],
    async run(bench) {
      const holder = await bench.hold();
      let error: unknown;
      try {
        await demandLocked(bench, bench.storage, "opening a place for writing that somebody else holds");
      } catch (thrown) {
        error = thrown;
      } finally {
        await holder.die();
      }
      if (error !== undefined) throw error;
      const ms = bench.backend.lockFreedMsMax ?? 5000;
      let last: unknown;
      const isFree = await bench.within(ms, async () => {
        try {
          await bench.place();
          return true;
        } catch (thrown) {
          last = thrown;
          return false;
        }
      });
      demand(isFree, contract.mode.atomic, () => {
        return `The place could not be opened ${ms} ms after the death of its holder: ${messageOf(last)}.`;
      });
    },
  },
  {
    name: "the lock of one place leaves the others free",
    async run(bench) {
      await bench.place();
      for (const path of [
        ["conformance", "1"],
        ["conformance", "00"],
        ["other", "0"],
      ])
        await bench.place(path);
    },
  },
  {
    name: "places keep their files apart, also where their names begin alike or look odd",
    async run(bench) {
      const paths = [
        ["a", "1"],
        ["a", "10"],
        ["a-1", "1"],
        ["a.b", "1"],
        ["%c3%9c", "0"],
        ["a".repeat(255), "4294967295"],
      ];
      for (const [index, path] of paths.entries()) {
        const place = await bench.place(path);
        await bench.filled(place, name, pattern(50, index));
        await bench.filled(place, segmentName(1 + index), pattern(10, index));
      }
      await bench.closeAll();
      for (const [index, path] of paths.entries()) {
        const place = await bench.place(path);
        const names = await place.list();
        demandSameNames(
          names,
          [name, segmentName(1 + index)],
          contract.storage.path,
          `what ${path.join("/")} lists`,
        );
        const bytes = await bench.bytesOf(await bench.openFile(place, name));
        demandSameBytes(bytes, pattern(50, index), contract.storage.path, `${name} in ${path.join("/")}`);
      }
    },
  },
  {
    name: "a place that was written and closed can be opened for reading, without taking the lock",
    async run(bench) {
      const place = await bench.place();
      await bench.filled(place, name, pattern(1000, 3));
      await bench.closeAll();
      const reader = await bench.reader();
      demandSameNames(await reader.list(), [name], contract.place.list, "what the place lists for a reader");
      const file = await bench.openFile(reader, name);
      demandSameBytes(await bench.bytesOf(file), pattern(1000, 3), contract.place.openToRead, "the file");
      await bench.close(file);
      const writer = await bench.place();
      await bench.close(reader);
      await demandLocked(bench, bench.storage, "opening the writer's place after a reader of it was closed");
      await bench.close(writer);
    },
  },
];

/** Opens on all storages at once: exactly one may succeed, and the others are told `LOCKED`. */
async function demandOneWinner(bench: Bench, storages: readonly Storage[]): Promise<void> {
  const openings = storages.map(async (storage) => storage.open(bench.path, { mode: "write" }));
  const outcomes = await Promise.allSettled(openings);
  const won = outcomes.filter((each) => each.status === "fulfilled").map(({ value }) => value as Place);
  const others = outcomes.filter((each) => each.status === "rejected").map(({ reason }) => reason as unknown);
  try {
    demandSame(
      won.length,
      1,
      contract.mode.atomic,
      `of ${storages.length} openers, the number who got the lock`,
    );
    const strange = others.find((error) => !(error instanceof WalError) || error.code !== "LOCKED");
    demand(strange === undefined, contract.mode.locked, () => `An opener was told ${messageOf(strange)}.`);
  } finally {
    for (const place of won) await place.close();
  }
}
