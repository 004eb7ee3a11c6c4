/** What each step of a record costs, in ns, with nothing of a disk in it: on a storage that does nothing. */
import { median } from "../numbers.mjs";
import { openLog } from "../../dist/src/index.js";
import { ByteReader, ByteWriter } from "../../dist/src/format/bytes.js";
import { checksum } from "../../dist/src/format/checksum.js";
import { decodeRecord, encodeRecord, skipRecord } from "../../dist/src/format/record.js";

const valueBytes = 100;
const perBatch = 1024;
/** Flags, length and value. */
const recordBytes = valueBytes + 2;
const timestamp = Date.now();
const value = new Uint8Array(valueBytes).fill(120);
const record = { value };

export async function measureMicro({ rounds, records }) {
  const batches = Math.ceil(records / perBatch);
  const staged = await emptyLog();
  const appended = await emptyLog();
  const steps = {
    copy: onBatches(copyBatch),
    encode: onBatches(encodeBatch),
    checksum: onBatches(() => checksum(encoded.view, 0, perBatch * recordBytes)),
    decode: onBatches(visitBatch),
    objects: onBatches(decodeBatch),
    stage: async (count) => {
      for (let batch = 0; batch < count; batch++) {
        for (let index = 0; index < perBatch; index++) staged.stage(record);
        await staged.flush();
      }
    },
    append: (count) => appendAll(appended, count),
  };
  const costs = Object.fromEntries(Object.keys(steps).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, step] of Object.entries(steps)) {
      const begun = performance.now();
      await step(batches);
      const ns = ((performance.now() - begun) / batches / perBatch) * 1e6;
      // The first round warms everything up.
      if (round > 0) costs[name].push(ns);
    }
  }
  const ns = Object.fromEntries(Object.entries(costs).map(([name, each]) => [name, median(each)]));
  const { bytesWritten, appends } = staged.stats();
  // Whoever awaits an answer pays for it beside what staging costs.
  return { ns: { ...ns, promise: ns.append - ns.stage }, overhead: bytesWritten / appends - valueBytes };
}

const target = new Uint8Array(perBatch * valueBytes);
const writer = new ByteWriter(perBatch * (recordBytes + 64));
encodeBatch();
const encoded = { bytes: writer.bytes.slice(), view: undefined };
encoded.view = new DataView(encoded.bytes.buffer);

const onBatches = (work) => (count) => {
  for (let batch = 0; batch < count; batch++) work();
};

function copyBatch() {
  for (let index = 0; index < perBatch; index++) target.set(value, index * valueBytes);
}

function encodeBatch() {
  writer.length = 0;
  for (let index = 0; index < perBatch; index++) encodeRecord(writer, record, timestamp, timestamp);
}

function visitBatch() {
  const reader = readerOfBatch();
  for (let index = 0; index < perBatch; index++) skipRecord(reader);
}

function decodeBatch() {
  const reader = readerOfBatch();
  for (let index = 0; index < perBatch; index++) decodeRecord(reader, index, timestamp, true);
}

function readerOfBatch() {
  return new ByteReader(encoded.bytes, encoded.view, 0, perBatch * recordBytes);
}

async function appendAll(log, count) {
  const call = async () => {
    for (let index = 0; index < count; index++) await log.append(record);
  };
  await Promise.all(Array.from({ length: perBatch }, call));
}

const done = () => undefined;

function emptyLog() {
  const file = {
    size: () => 0,
    read: () => 0,
    write: (source) => source.length,
    truncate: done,
    flush: done,
    close: done,
  };
  const place = { list: () => [], open: () => file, create: () => file, remove: done, close: done };
  const storage = {
    name: "nothing",
    durability: "memory",
    flushesAtOnce: 1,
    now: Date.now,
    elapsed: () => performance.now(),
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
    open: () => place,
    list: () => [],
  };
  return openLog({ storage, topic: "micro", segment: { maxBytes: 2 ** 30 } });
}
