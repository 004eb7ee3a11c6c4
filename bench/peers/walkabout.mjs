/** The log of this repository, as built. */
import { nodeStorage } from "../../dist/adapters/node/storage.js";
import { openLog, openReader } from "../../dist/src/index.js";

const topic = "bench";

export async function open(folder, options = {}) {
  const { blocking = false, relaxed = false, retains = false, segmentBytes = 64 * 2 ** 20 } = options;
  const log = await openLog({
    storage: nodeStorage(folder, { blocking }),
    topic,
    durability: relaxed ? "relaxed" : "strict",
    segment: { maxBytes: segmentBytes },
    retention: retains ? { maxBytes: segmentBytes } : {},
  });
  let values = [];
  let records = [];
  return {
    append: (value) => log.append({ value }),
    /** The same values are the same records, made once. */
    appendMany(all) {
      if (all !== values) {
        values = all;
        records = all.map((value) => ({ value }));
      }
      return log.appendBatch(records);
    },
    /** Goes on until the first segments have come back as recycled ones. */
    async prepare() {
      const value = new Uint8Array(Math.min(2 ** 20, segmentBytes / 4));
      for (let at = 0; at < segmentBytes * 3.2; at += value.length) await log.append({ value });
    },
    /** Visits each value in place, all checksums verified. */
    async scan() {
      let count = 0;
      for await (const batch of log.readBatches()) batch.eachValue(() => count++);
      return count;
    },
    /** Makes an object of each record. */
    async scanRecords() {
      let count = 0;
      for await (const { offset } of log.read()) count += offset >= 0 ? 1 : 0;
      return count;
    },
    found: () => ({ verdict: log.recovery.verdict, segments: log.stats().segments }),
    rotations: () => log.stats().rotations,
    close: () => log.close(),
  };
}

/** Reads without the lock, and leaves everything as it is. */
export async function openToRead(folder, { blocking = false } = {}) {
  const reader = await openReader({ storage: nodeStorage(folder, { blocking }), topic });
  return {
    async scan() {
      let total = 0;
      for await (const batch of reader.readBatches()) {
        batch.eachValue((_, start, end) => (total += end - start));
      }
      return total;
    },
    async scanRecords() {
      let total = 0;
      for await (const { value } of reader.read()) total += value.length;
      return total;
    },
    close: () => reader.close(),
  };
}
