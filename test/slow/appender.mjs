// A process to be killed: appends to the log in the folder given, in several ways at once, and reports
// every acknowledgement on a line of its standard output before it goes on.
import { writeSync } from "node:fs";
import { nodeStorage } from "../../dist/adapters/node/storage.js";
import { openLog } from "../../dist/src/index.js";

const [folder, seed, blocking] = process.argv.slice(2);
let state = Number(seed);
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return (state >>> 8) % below;
};

const log = await openLog({
  storage: nodeStorage(folder, { blocking: blocking === "blocking" }),
  topic: "killed",
  segment: { maxBytes: 20_000 },
  retention: { maxBytes: 200_000 },
});
writeSync(1, `open ${log.first} ${log.next}\n`);

const report = (acks, values) => {
  for (const [index, ack] of acks.entries()) writeSync(1, `ack ${ack.offset} ${values[index]}\n`);
};
const value = () => `${process.pid}-${random(1e9)}-${"x".repeat(random(300))}`;

async function single() {
  for (;;) {
    const text = value();
    report([await log.append({ value: text })], [text]);
  }
}
async function batches() {
  for (;;) {
    const texts = Array.from({ length: 1 + random(20) }, value);
    report(await log.appendBatch(texts.map((text) => ({ value: text }))), texts);
  }
}
async function maintenance() {
  for (;;) {
    await log.flush();
    const what = random(40);
    if (what === 0) await log.rotate();
    if (what === 1) {
      const first = log.first + random(log.durable - log.first + 1);
      await log.truncateBefore(first);
      writeSync(1, `first ${first}\n`);
    }
  }
}
await Promise.all([single(), single(), single(), batches(), maintenance()]);
