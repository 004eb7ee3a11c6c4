/**
 * The same bytes on every backend: a script with a clock of its own, and what it writes. The bytes
 * belong to version 1 of the format, and change only together with it.
 */
import type { Bench } from "../bench.ts";
import type { Check } from "../check.ts";
import { demandSame, demandSameBytes, demandSameNames } from "../demand.ts";
import { openLog } from "../../index.ts";
import * as contract from "./contract.ts";
import { withClock } from "./faults.ts";
import { goldenFiles } from "./golden-files.ts";

const [sealedSegment, , lastSegment] = Object.keys(goldenFiles);
const sealBytes = 80;

/** Writes the golden log, and answers its files. */
export async function writeGolden(bench: Bench): Promise<Map<string, Uint8Array>> {
  let now = Date.UTC(2024, 1, 29, 12);
  const storage = withClock(bench.storage, () => now);
  const open = async () => bench.keep(await openLog({ storage, topic: "Golden log", partition: 3 }));
  const log = await open();
  await log.append({ value: "first" });
  now += 1000;
  await log.appendBatch([
    { key: "k", value: "in a batch" },
    { key: "", value: "", kind: 5, headers: { h: "v" }, timestamp: 7 },
  ]);
  await log.append({ value: "of a producer" }, { producer: { id: "p", epoch: 1, sequence: 9 } });
  await log.rotate();
  now += 1000;
  await log.append({ value: "in the second segment" });
  await log.truncateBefore(1);
  await bench.close(log);
  now += 1000;
  const again = await open();
  await again.append({ value: "after opening again" });
  await again.truncateAfter(4);
  await again.append({ value: "instead of it" });
  await bench.closeAll();
  return filesOf(bench);
}

export const golden: readonly Check[] = [
  {
    name: "the same appends at the same times make the same bytes as on every other backend",
    async run(bench) {
      const found = await writeGolden(bench);
      demandSameNames(
        [...found.keys()],
        Object.keys(goldenFiles),
        contract.format.names,
        "the segments of the log",
      );
      for (const [name, hex] of Object.entries(goldenFiles)) {
        const expected = bytesOfHex(hex.join(""));
        const bytes = found.get(name)!;
        if (name === lastSegment)
          demandSame(bytes.length, expected.length, contract.format.exact, `the length of ${name}`);
        // The seal of a segment is not flushed, and behind it a recycled file has stale bytes.
        const flushed = name === sealedSegment ? expected.length - sealBytes : expected.length;
        const count = bytes.length < expected.length ? flushed : expected.length;
        demandSameBytes(bytes.subarray(0, count), expected.subarray(0, count), contract.format.exact, name);
      }
    },
  },
];

async function filesOf(bench: Bench): Promise<Map<string, Uint8Array>> {
  const place = await bench.reader(["%47olden%20log", "3"]);
  const files = new Map<string, Uint8Array>();
  for (const name of (await place.list()).toSorted()) {
    const file = await bench.openFile(place, name);
    files.set(name, await bench.bytesOf(file));
  }
  return files;
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}
