/**
 * A process that writes a log until it is killed or told to close it: `writer.mjs DIRECTORY`. Each record
 * holds its own offset. It prints the offset that it begins at, and then those that were acknowledged.
 */
import process from "node:process";
import { nodeStorage } from "storage";
import { openLog } from "walkabout";

const log = await openLog({
  storage: nodeStorage(process.argv[2]),
  topic: "orders",
  segment: { maxBytes: 4000 },
  lockWaitMs: 10_000,
});
let isTold = false;
process.stdin.once("data", () => (isTold = true));
console.log(`begins at ${log.next}`);
while (!isTold) {
  const count = 1 + (log.next % 7);
  const appends = Array.from({ length: count }, () => log.append({ value: String(log.next) }));
  const acks = await Promise.all(appends);
  console.log(acks.at(-1).offset);
}
await log.close();
process.exit();
