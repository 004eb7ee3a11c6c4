/**
 * Opening a log in a fresh process. `make` writes one of `bytes` bytes with segments of
 * `segmentBytes`, and ends with or without a close; `open` prints how many milliseconds openLog took.
 */
import { nodeStorage } from "../dist/adapters/node/storage.js";
import { openLog } from "../dist/src/index.js";

const [what, folder, bytes, segmentBytes, ending] = process.argv.slice(2);
const options = { storage: nodeStorage(folder), topic: "open" };

if (what === "make") {
  const segment = { maxBytes: Number(segmentBytes) };
  const log = await openLog({ ...options, segment });
  const value = new Uint8Array(100).fill(120);
  const perBatch = Math.max(1, Math.min(5000, Math.floor(Number(segmentBytes) / 150)));
  const records = Array.from({ length: perBatch }, () => ({ value }));
  let made = 0;
  while (made < Number(bytes)) {
    await log.appendBatch(records);
    made += perBatch * 102;
  }
  if (ending === "closed") await log.close();
  console.log(JSON.stringify(log.stats()));
  process.exit(0);
}
const begun = performance.now();
const log = await openLog(options);
const ms = performance.now() - begun;
console.log(
  JSON.stringify({ ms, segments: log.stats().segments, verdict: log.recovery.verdict, next: log.next }),
);
await log.close();
