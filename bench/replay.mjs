/**
 * Replay of a million records in a fresh process: `make` writes the log, `raw` reads its bytes and
 * does nothing with them, `values` visits every value through readBatches with all checksums
 * verified, `records` makes an object of every record. Prints milliseconds as JSON.
 */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { nodeStorage } from "../dist/adapters/node/storage.js";
import { openLog, openReader } from "../dist/src/index.js";

const [what, folder, count = "1000000"] = process.argv.slice(2);
const address = { storage: nodeStorage(folder), topic: "replay" };

const works = {
  async make() {
    const log = await openLog(address);
    const records = Array.from({ length: 1024 }, () => ({ value: new Uint8Array(100).fill(120) }));
    for (let at = 0; at < Number(count); at += records.length) await log.appendBatch(records);
    const { next } = log;
    await log.close();
    return next;
  },
  raw() {
    let total = 0;
    const path = join(folder, "replay", "0");
    for (const name of readdirSync(path).filter((each) => each.endsWith(".wal"))) {
      const descriptor = openSync(join(path, name), "r");
      // A buffer for each chunk, as whoever hands the bytes on needs it.
      for (let position = 0, read = 1; read > 0; position += read) {
        const chunk = new Uint8Array(2 ** 20);
        read = readSync(descriptor, chunk, 0, chunk.length, position);
        total += read;
      }
      closeSync(descriptor);
    }
    return total;
  },
  async values() {
    const log = await openReader(address);
    let total = 0;
    for await (const batch of log.readBatches()) batch.eachValue((_, start, end) => (total += end - start));
    await log.close();
    return total;
  },
  async records() {
    const log = await openReader(address);
    let total = 0;
    for await (const record of log.read()) total += record.value.length;
    await log.close();
    return total;
  },
};

const begun = performance.now();
const result = await works[what]();
console.log(JSON.stringify({ ms: performance.now() - begun, result }));
