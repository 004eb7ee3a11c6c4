/**
 * Random histories of a log: whatever was done to it, and whatever a loss of power leaves of what was not
 * flushed, the stranger's decoder finds in its files what the library reads from them, and nothing is corrupt.
 * For a long search set HISTORY_RUNS.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { type Log, openLog, openReader } from "../../src/index.ts";
import { decodeLog, runsWithoutRecords } from "./decoder.ts";
import { failing, wrapped } from "./failing-storage.ts";
import { diskWith, type FolderBytes, takeFolder } from "./folder.ts";
import { recordsDecoded, recordsRead } from "./listing.ts";

const topic = "history";
const path = `${topic}/0`;
/** Smaller than any disk's, so that more goes wrong. */
const blockBytes = 32;

type Step =
  | { do: "append" | "batch" | "stage"; count: number }
  | { do: "truncateBefore" | "truncateAfter"; share: number }
  | { do: "rotate" | "reopen" | "power" | "fail" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom("append", "batch", "stage"), count: fc.nat({ max: 5 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("truncateBefore", "truncateAfter"),
      share: fc.nat({ max: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("rotate", "reopen", "power", "fail") }) },
) as fc.Arbitrary<Step>;

class History {
  disk = new MemoryDisk();
  log!: Log;
  /** What losses of power would have left, at each flush since this was last emptied. */
  moments: FolderBytes[] = [];
  readonly #random: (below: number) => number;
  #failures = 0;
  #written = 0;

  constructor(random: (below: number) => number) {
    this.#random = random;
  }

  async open(): Promise<void> {
    const storage = wrapped(memoryStorage({ disk: this.disk, now: () => 1_700_000_000_000 }), (file) => ({
      flush: () => {
        this.moments.push(partly(this.disk, this.#random));
        return this.#failures-- > 0 ? failing(file.size(), "no") : file.flush();
      },
    }));
    this.log = await openLog({ storage, topic, segment: { maxBytes: 900 }, retention: { maxBytes: 4000 } });
  }

  async take(what: Step): Promise<void> {
    const { log } = this;
    const at = (share: number) => log.first + Math.floor(((log.durable - log.first) * share) / 8);
    this.#failures = 0;
    if (what.do === "append") for (let i = 0; i < what.count; i++) await this.#append(1);
    else if (what.do === "batch") await this.#append(what.count + 1);
    else if (what.do === "stage") for (let i = 0; i < what.count; i++) log.stage(this.#record());
    else if (what.do === "rotate") await log.rotate();
    else if (what.do === "truncateBefore") await log.flush().then(() => log.truncateBefore(at(what.share)));
    else if (what.do === "truncateAfter") await log.flush().then(() => log.truncateAfter(at(what.share) - 1));
    else if (what.do === "fail") {
      this.#failures = 1;
      await log.append(this.#record()).catch(() => undefined);
      // Tells of the staged records that were lost with it.
      await log.flush().catch(() => undefined);
    } else {
      if (what.do === "reopen") await log.close();
      else this.disk = this.disk.losePower();
      await this.open();
    }
  }

  /** As nobody, or as one of two producers, whose sequences have gaps. */
  async #append(count: number): Promise<void> {
    const [id, sequence] = [["", "a", "b"][this.#written % 3], this.#written];
    const options = id === "" ? {} : { producer: { id, epoch: 0, sequence } };
    const records = Array.from({ length: count }, () => this.#record());
    if (count === 1) await this.log.append(records[0], options);
    else await this.log.appendBatch(records, options);
  }

  #record() {
    const n = this.#written++;
    return { value: `value ${n}`, ...(n % 3 === 0 && { key: "k" }), ...(n % 5 === 0 && { timestamp: n }) };
  }
}

/** What a loss of power may leave: of all that was not flushed, any blocks, or those up to somewhere. */
function partly(disk: MemoryDisk, random: (below: number) => number): FolderBytes {
  const [written, flushed] = [takeFolder(disk, path), takeFolder(disk.losePower(), path)];
  const files: FolderBytes = new Map();
  for (const name of new Set([...written.keys(), ...flushed.keys()])) {
    const [fresh, old] = [written.get(name), flushed.get(name)];
    // A file that was created or removed, and neither is durable.
    if ((fresh === undefined || old === undefined) && random(3) === 0) continue;
    const either = [fresh ?? old!, old ?? new Uint8Array(fresh!.length)];
    const bytes = new Uint8Array(either[random(2)].length);
    const until = random(2) * random(bytes.length);
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const source = either[until > 0 ? Number(at >= until) : random(2)];
      bytes.set(source.subarray(at, Math.min(at + blockBytes, bytes.length)), at);
    }
    files.set(name, bytes);
  }
  return files;
}

async function compare(files: FolderBytes): Promise<void> {
  const decoded = decodeLog(files);
  expect(decoded.missing).toEqual([]);
  const bad = Object.entries(decoded.verdicts).filter(
    ([, verdict]) => verdict === "corrupt" || verdict === "format",
  );
  expect(bad).toEqual([]);
  const reader = await openReader({ storage: memoryStorage({ disk: await diskWith(files, path) }), topic });
  const read = await recordsRead(reader);
  expect({ first: decoded.first, next: decoded.next, records: recordsDecoded(decoded.records) }).toEqual({
    first: reader.first,
    next: reader.next,
    records: read,
  });
  await reader.close();
  expect(runsWithoutRecords(decoded)).toEqual([]);
}

test("the decoder and the library agree about every history, as it is and as a loss of power leaves it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(), async (steps, seed) => {
      let state = seed;
      const random = (below: number) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
      };
      const history = new History(random);
      await history.open();
      for (const each of steps) {
        await history.take(each);
        await compare(takeFolder(history.disk, path));
        await compare(takeFolder(history.disk.losePower(), path));
        for (const files of history.moments.splice(0)) await compare(files);
      }
      await history.log.close();
      await compare(takeFolder(history.disk, path));
    }),
    { numRuns: Number(process.env.HISTORY_RUNS ?? 120) },
  );
}, 600_000);
