/**
 * A process that works on one log until it is killed or its disk is gone: appends one by one, in batches
 * and staged, rotates, truncates at both ends. It reports on standard output, before it goes on: what it
 * begins to forget, what it has forgotten, and every acknowledgement with its place.
 *
 *     writer.mjs FOLDER {"seed", "blocking", "mode", "turns"}
 *
 * `walkabout` and `walkabout/node` stand for the sources, see bundle.ts.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { openLog } from "walkabout";
import { nodeStorage } from "walkabout/node";

const [folder, settings] = process.argv.slice(2);
const { seed, blocking, mode, turns = Infinity } = JSON.parse(settings);

let state = seed;
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return (state >>> 8) % below;
};
/** Does not go on before whoever listens has taken all of it. */
function say(...words) {
  let left = Buffer.from(`${words.join(" ")}\n`);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** What is in flight most of the time, by mode: chances in a hundred turns of the one who maintains. */
const modes = {
  appends: { maxBytes: 20_000, rotate: 2, before: 2, after: 0 },
  rotation: { maxBytes: 1500, rotate: 30, before: 5, after: 0 },
  truncation: { maxBytes: 6000, rotate: 5, before: 25, after: 25 },
  retention: { maxBytes: 3000, rotate: 5, before: 0, after: 0, retention: { maxBytes: 12_000 } },
};
const { maxBytes, rotate, before, after, retention } = modes[mode];
const log = await openLog({
  storage: nodeStorage(folder, { blocking }),
  topic: "real",
  segment: { maxBytes },
  retention,
});
say("open", log.first, log.next);

let left = turns;
const isOver = () => left-- <= 0;
const value = () => `${process.pid}-${random(1e9)}-${"x".repeat(random(300))}`;
const report = (acks, values) => {
  for (const [index, { offset, segment, position }] of acks.entries()) {
    say("ack", offset, values[index], segment, position);
  }
};

/** A caller that is told that its record is not in the log appends it again. */
async function again(append) {
  for (;;) {
    try {
      return await append();
    } catch (error) {
      say("failed", error.code, error.cause?.code ?? "none");
      if (error.code !== "FLUSH_FAILED" && error.code !== "FULL") throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

async function singles() {
  while (!isOver()) {
    const text = value();
    report([await again(() => log.append({ value: text }))], [text]);
  }
}

async function batches() {
  while (!isOver()) {
    const texts = Array.from({ length: 1 + random(12) }, value);
    report(await again(() => log.appendBatch(texts.map((text) => ({ value: text })))), texts);
  }
}

async function staged() {
  while (!isOver()) {
    const texts = [value(), value()];
    const offsets = texts.map((text) => log.stage({ value: text }));
    try {
      await log.flush();
      for (const [index, offset] of offsets.entries()) say("ack", offset, texts[index], "-", 0);
    } catch (error) {
      say("failed", error.code, error.cause?.code ?? "none");
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function maintenance() {
  while (!isOver()) {
    await log.flush().catch(() => undefined);
    const what = random(100);
    if (what < rotate) await again(() => log.rotate());
    else if (what < rotate + before) {
      const offset = log.first + random(log.durable - log.first + 1);
      say("before", offset);
      await again(() => log.truncateBefore(offset));
      say("first", offset);
    } else if (what < rotate + before + after) {
      const offset = Math.max(log.first, log.durable - random(20)) - 1;
      say("after", offset);
      await again(() => log.truncateAfter(offset)).catch((error) => {
        // Somebody truncated before this in between: there is nothing to forget.
        if (!(error instanceof RangeError)) throw error;
      });
      say("cut", offset);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

// What truncates at the end may forget what was staged and not yet reported, so the two exclude each other.
const workers =
  after > 0
    ? [singles(), batches(), maintenance()]
    : [singles(), singles(), batches(), staged(), maintenance()];
await Promise.all(workers);
await log.close().catch((error) => say("failed", error.code, error.cause?.code ?? "none"));
say("closed");
