/**
 * What `stage` costs in CPU time, on a storage that does nothing, and how many bytes a record of 100
 * takes beyond its value in full batches. Prints JSON.
 */
import { openLog } from "../dist/src/index.js";

const file = () => ({
  size: () => 0,
  read: () => 0,
  write: (source) => source.length,
  truncate: () => undefined,
  flush: () => undefined,
  close: () => undefined,
});
const storage = {
  name: "nothing",
  durability: "memory",
  flushesAtOnce: 1,
  now: Date.now,
  elapsed: () => performance.now(),
  sleep: () => new Promise((resolve) => setImmediate(resolve)),
  open: () => ({ list: () => [], open: file, create: file, remove: () => undefined, close: () => undefined }),
};

const log = await openLog({ storage, topic: "stage", segment: { maxBytes: 2 ** 30 } });
const record = { value: new Uint8Array(100).fill(120) };
const costs = [];
for (let round = 0; round < 7; round++) {
  const before = process.cpuUsage();
  for (let index = 0; index < 500_000; index++) {
    log.stage(record);
    if (index % 1024 === 1023) await log.flush();
  }
  const { user, system } = process.cpuUsage(before);
  costs.push((user + system) / 500);
}
const { bytesWritten, appends } = log.stats();
console.log(
  JSON.stringify({ ns: costs.toSorted((a, b) => a - b)[3], overhead: bytesWritten / appends - 100 }),
);
process.exit(0);
