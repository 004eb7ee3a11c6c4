/**
 * Durable appends against a raw loop of the same process: rounds of both in turn, so that the ratio
 * holds while the machine's speed drifts. One scenario a process, given as JSON in the first
 * argument; prints its figures as JSON.
 */
import { closeSync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLog } from "../dist/src/index.js";
import { nodeStorage } from "../dist/adapters/node/storage.js";

const scenario = JSON.parse(process.argv[2]);
const { callers, batch, bytes, blocking, growing, ms, rounds } = scenario;
const perFlush = callers * batch;
const segmentBytes = scenario.segmentBytes ?? 64 * 2 ** 20;
const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), "walkabout-bench-"));
const value = new Uint8Array(bytes).fill(120);

/**
 * The floor: one blocking write of the same bytes and one blocking fdatasync, again and again. With
 * several callers, each awaits a promise of its own for each record, as the log's callers do.
 */
function makeRaw() {
  const fd = openSync(join(folder, "raw"), "w+");
  const block = new Uint8Array(perFlush * bytes).fill(120);
  let end = 0;
  const zeros = new Uint8Array(2 ** 20);
  const size = Math.ceil(segmentBytes / block.length) * block.length;
  if (!growing) {
    for (let at = 0; at < size; at += zeros.length) writeSync(fd, zeros, 0, zeros.length, at);
    fsyncSync(fd);
  }
  return {
    step() {
      if (!growing && end + block.length > size) end = 0;
      writeSync(fd, block, 0, block.length, end);
      fdatasyncSync(fd);
      end += block.length;
      return perFlush;
    },
    close: () => closeSync(fd),
  };
}

async function makeOurs() {
  const storage = nodeStorage(join(folder, "log"), { blocking });
  const segment = { maxBytes: segmentBytes };
  const retention = growing ? {} : { maxBytes: segmentBytes };
  const log = await openLog({ storage, topic: "bench", segment, retention });
  if (!growing) {
    // Until the first segments have come back as recycled ones.
    const filler = new Uint8Array(2 ** 20);
    for (let at = 0; at < segmentBytes * 3.2; at += filler.length) await log.append({ value: filler });
  }
  return log;
}

/** `callers` loops that await `append` until the time is over; one of them also looks at the clock. */
async function loops(append, until, latencies) {
  let count = 0;
  let running = true;
  const worker = async () => {
    while (running) {
      await append();
      count++;
    }
  };
  const watch = async () => {
    while (running) {
      const begun = performance.now();
      await append();
      count++;
      const now = performance.now();
      latencies.push(now - begun);
      running = now < until;
    }
  };
  await Promise.all([watch(), ...Array.from({ length: callers - 1 }, worker)]);
  return count;
}

const latencies = [];
const rawLatencies = [];

async function oursFor(log, until) {
  const record = { value };
  if (batch === 1) return loops(() => log.append(record), until, latencies);
  const records = Array.from({ length: batch }, () => record);
  return (await loops(() => log.appendBatch(records), until, latencies)) * batch;
}

async function rawFor(raw, until) {
  if (callers === 1) {
    let count = 0;
    for (let now = 0; now < until;) {
      const begun = performance.now();
      count += raw.step();
      now = performance.now();
      rawLatencies.push(now - begun);
    }
    return count;
  }
  let waiting = [];
  const append = () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) < callers) return;
      raw.step();
      const resolves = waiting;
      waiting = [];
      for (const done of resolves) done();
    });
  return loops(append, until, rawLatencies);
}

const raw = makeRaw();
const log = await makeOurs();
const rates = [];
for (let round = 0; round <= rounds; round++) {
  let begun = performance.now();
  const rawRate = (await rawFor(raw, begun + ms)) / (performance.now() - begun);
  begun = performance.now();
  const ourRate = (await oursFor(log, begun + ms)) / (performance.now() - begun);
  // The first round warms both up.
  if (round > 0) rates.push({ raw: rawRate, ours: ourRate, ratio: ourRate / rawRate });
  else {
    latencies.length = 0;
    rawLatencies.length = 0;
  }
}
const stats = log.stats();
await log.close();
raw.close();
rmSync(folder, { recursive: true });

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const quantile = (numbers, q) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * q)];
console.log(
  JSON.stringify({
    raw: median(rates.map((rate) => rate.raw)) * 1000,
    ours: median(rates.map((rate) => rate.ours)) * 1000,
    ratio: median(rates.map((rate) => rate.ratio)),
    low: Math.min(...rates.map((rate) => rate.ratio)),
    high: Math.max(...rates.map((rate) => rate.ratio)),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    rawP50: quantile(rawLatencies, 0.5),
    rawP99: quantile(rawLatencies, 0.99),
    perFlush: stats.appends / stats.flushes,
    rotations: stats.rotations,
  }),
);
