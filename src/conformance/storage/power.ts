/** What survives a loss of power, once a flush has said that it does. */
import type { Bench } from "../bench.ts";
import { joined, pattern, segmentName } from "../bytes.ts";
import type { Check } from "../check.ts";
import type { Clause } from "../clause.ts";
import { demand, demandSameBytes, demandSuccess } from "../demand.ts";
import type { Place, StoredFile } from "../../storage.ts";
import * as contract from "./contract.ts";

const [first, second, third] = [segmentName(0), segmentName(1), segmentName(2)];
const needs = ["losePower"] as const;

/** Loses power and opens the place, whose lock must be free. */
async function placeAfter(bench: Bench): Promise<Place> {
  await bench.losePower();
  const { path, storage } = bench;
  const open = async (): Promise<Place> => (await storage.open(path, { mode: "write" }))!;
  await (await demandSuccess(open, contract.mode.atomic, "opening the place after a loss of power")).close();
  return bench.place();
}

/** The file must be there and begin with `expected`. Behind it, anything may lie. */
async function demandBegin(
  bench: Bench,
  place: Place,
  name: string,
  expected: Uint8Array,
  clause: Clause,
): Promise<StoredFile> {
  const names = await place.list();
  demand(names.includes(name), clause, () => `${name} was flushed, and is not there after a loss of power.`);
  const file = await bench.openFile(place, name);
  const bytes = await bench.bytesOf(file);
  demand(bytes.length >= expected.length, clause, () => {
    return `${name} was flushed with ${expected.length} bytes, and has ${bytes.length} after a loss of power.`;
  });
  demandSameBytes(bytes.subarray(0, expected.length), expected, clause, `${name} after a loss of power`);
  return file;
}

function demandGone(names: readonly string[], name: string): void {
  demand(!names.includes(name), contract.place.removeDurable, () => {
    return `${name} was removed, another file was flushed then, and after a loss of power ${name} is back.`;
  });
}

export const power: readonly Check[] = [
  {
    name: "after a loss of power, a new file that was flushed once is there with its name and all its bytes",
    needs,
    async run(bench) {
      const place = await bench.place();
      for (const [index, name] of [first, second, third].entries()) {
        const file = await bench.empty(place, name);
        await bench.write(file, pattern(10_000, index), 0);
        await file.flush();
      }
      const after = await placeAfter(bench);
      for (const [index, name] of [first, second, third].entries()) {
        const file = await demandBegin(bench, after, name, pattern(10_000, index), contract.file.flush);
        const size = await file.size();
        demand(
          size === 10_000,
          contract.file.flush,
          () => `${name} was flushed with 10000 bytes, and has ${size} after a loss of power.`,
        );
      }
    },
  },
  {
    name: "after a loss of power, every flushed append is there, and what was only written spoils none of it",
    needs,
    async run(bench) {
      const file = await bench.empty(await bench.place(), first);
      let flushed = new Uint8Array(0);
      for (let turn = 0; turn < 20; turn++) {
        await bench.write(file, pattern(777, turn), flushed.length);
        await file.flush();
        flushed = new Uint8Array(joined(flushed, pattern(777, turn)));
      }
      await bench.write(file, pattern(3000, 99), flushed.length);
      await demandBegin(bench, await placeAfter(bench), first, flushed, contract.file.flush);
    },
  },
  {
    name: "after a loss of power, bytes that were written over and flushed are the new ones",
    needs,
    async run(bench) {
      const file = await bench.filled(await bench.place(), first, pattern(20_000, 1));
      await bench.write(file, pattern(6000, 2), 5000);
      await file.flush();
      const expected = pattern(20_000, 1);
      expected.set(pattern(6000, 2), 5000);
      await demandBegin(bench, await placeAfter(bench), first, expected, contract.file.flush);
    },
  },
  {
    name: "after a loss of power, a file that was truncated and flushed has its new length",
    needs,
    async run(bench) {
      const file = await bench.filled(await bench.place(), first, pattern(20_000, 1));
      await file.truncate(7000);
      await file.flush();
      const after = await placeAfter(bench);
      const expected = pattern(20_000, 1).subarray(0, 7000);
      const size = await (await demandBegin(bench, after, first, expected, contract.file.truncate)).size();
      demand(
        size === 7000,
        contract.file.truncate,
        () => `A file was truncated to 7000 and flushed, and has ${size} bytes after a loss of power.`,
      );
    },
  },
  {
    name: "after a loss of power, a removal is still made if any file of its place was flushed behind it",
    needs,
    async run(bench) {
      const place = await bench.place();
      const kept = await bench.filled(place, first, pattern(100, 1));
      for (const name of [second, third])
        await bench.close(await bench.filled(place, name, pattern(5000, 2)));
      await place.remove(second, { reuse: true });
      await kept.flush();
      await place.remove(third, { reuse: false });
      await kept.flush();
      const after = await placeAfter(bench);
      const names = await after.list();
      demandGone(names, second);
      demandGone(names, third);
      await demandBegin(bench, after, first, pattern(100, 1), contract.file.flush);
    },
  },
  {
    name: "after a loss of power, a file made of a removed one holds what was flushed to it, under its new name",
    needs,
    async run(bench) {
      const place = await bench.place();
      const kept = await bench.filled(place, first, pattern(100, 1));
      await bench.close(await bench.filled(place, second, pattern(50_000, 2)));
      await place.remove(second, { reuse: true });
      await kept.flush();
      const file = await bench.create(place, third);
      await bench.write(file, pattern(20_000, 3), 0);
      await file.flush();
      await bench.write(file, pattern(500, 4), 20_000);
      await file.flush();
      const after = await placeAfter(bench);
      demandGone(await after.list(), second);
      const expected = joined(pattern(20_000, 3), pattern(500, 4));
      await demandBegin(bench, after, third, expected, contract.place.nameDurable);
    },
  },
  {
    name: "after a loss of power, a name that was removed and created again has its new bytes",
    needs,
    async run(bench) {
      const place = await bench.place();
      await bench.close(await bench.filled(place, first, pattern(9000, 1)));
      await place.remove(first, { reuse: true });
      const file = await bench.create(place, first);
      await bench.write(file, pattern(8000, 2), 0);
      await file.flush();
      await demandBegin(bench, await placeAfter(bench), first, pattern(8000, 2), contract.file.flush);
    },
  },
  {
    name: "after a loss of power, what was written while a flush ran is there if a later flush succeeded",
    needs,
    async run(bench) {
      const file = await bench.empty(await bench.place(), first);
      const expected = pattern(60_000, 1);
      for (let at = 0; at < expected.length; at += 10_000) {
        const flushing = (async () => file.flush())();
        await bench.write(file, expected.subarray(at, at + 10_000), at);
        await flushing;
      }
      await file.flush();
      await demandBegin(bench, await placeAfter(bench), first, expected, contract.file.flush);
    },
  },
  {
    name: "after a loss of power, a file that was created while another one was being flushed is there if it was flushed",
    needs,
    async run(bench) {
      const place = await bench.place();
      const file = await bench.empty(place, first);
      await bench.write(file, pattern(100, 1), 0);
      const flushing = (async () => file.flush())();
      const other = await bench.create(place, second);
      await bench.write(other, pattern(100, 2), 0);
      await flushing;
      await other.flush();
      const after = await placeAfter(bench);
      await demandBegin(bench, after, first, pattern(100, 1), contract.file.flush);
      await demandBegin(bench, after, second, pattern(100, 2), contract.file.once);
    },
  },
  {
    name: "after each of several losses of power, everything that was flushed since the first is there",
    needs,
    async run(bench) {
      let place = await bench.place();
      let file = await bench.empty(place, first);
      let flushed = new Uint8Array(0);
      for (let loss = 0; loss < 3; loss++) {
        for (let turn = 0; turn < 3; turn++) {
          await bench.write(file, pattern(1000, loss * 3 + turn), flushed.length);
          await file.flush();
          flushed = new Uint8Array(joined(flushed, pattern(1000, loss * 3 + turn)));
        }
        await bench.write(file, pattern(100, 50), flushed.length);
        place = await placeAfter(bench);
        file = await demandBegin(bench, place, first, flushed, contract.file.flush);
      }
    },
  },
  {
    name: "after a loss of power, what was flushed and then closed is there",
    needs,
    async run(bench) {
      await bench.filled(await bench.place(), first, pattern(5000, 1));
      await bench.closeAll();
      await demandBegin(bench, await placeAfter(bench), first, pattern(5000, 1), contract.file.flush);
    },
  },
];
