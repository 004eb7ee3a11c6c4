/**
 * What one write, read, flush or change of a name costs in each style of call that Node offers, and
 * for how long it keeps the event loop from other work. The colours of adapters/node rest on it. It
 * knows nothing of the log.
 *
 *     node bench/node-calls.mjs [rounds] [folder]
 */
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const roundCount = Number(process.argv[2] ?? 9);
const folder = fs.mkdtempSync(join(process.argv[3] ?? tmpdir(), "node-calls-"));
const mebibyte = 1_048_576;

const sizes = [
  { label: "128 B", bytes: 128, count: 400 },
  { label: "64 KiB", bytes: 65_536, count: 200 },
  { label: "1 MiB", bytes: mebibyte, count: 40 },
];
const recycledBytes = 40 * mebibyte;

// Both styles of each call, under one signature. The waiting one is the callback in one promise.
const writes = {
  blocking: (descriptor, source, position) => fs.writeSync(descriptor, source, 0, source.length, position),
  waiting: (descriptor, source, position) =>
    wait((done) => fs.write(descriptor, source, 0, source.length, position, done)),
};
const reads = {
  blocking: (descriptor, target, position) => fs.readSync(descriptor, target, 0, target.length, position),
  waiting: (descriptor, target, position) =>
    wait((done) => fs.read(descriptor, target, 0, target.length, position, done)),
};
const flushes = {
  blocking: (descriptor) => fs.fdatasyncSync(descriptor),
  waiting: (descriptor) => wait((done) => fs.fdatasync(descriptor, done)),
};

// The first case of each table is the one that the others are compared with: here the raw loop.
const writeCases = [
  writeCase("blocking", "blocking", "recycled"),
  writeCase("blocking", "blocking", "growing"),
  ...["recycled", "growing"].flatMap((file) => [
    writeCase("waiting", "blocking", file),
    ...[1, 2, 3, 4].map((flushesAtOnce) => writeCase("blocking", "waiting", file, flushesAtOnce)),
    ...[1, 2, 3, 4].map((flushesAtOnce) => writeCase("waiting", "waiting", file, flushesAtOnce)),
  ]),
];
const nameCases = ["create", "rename", "truncate", "unlink"].map((label) => ({ label }));

try {
  console.log(`${process.version}, ${process.platform}, ${roundCount} rounds in ${folder}, medians\n`);
  for (const size of sizes) await compare(size.label, writeCases, (one) => measureWrites(one, size));
  for (const label of ["4 KiB", "64 KiB", "1 MiB"])
    await compare(`read ${label}`, readCases(label), measureReads);
  await compare("names, of a file of 64 MiB", nameCases, measureNames);
} finally {
  fs.rmSync(folder, { recursive: true });
}

function writeCase(writeStyle, flushStyle, file, flushesAtOnce = 1) {
  const atOnce = flushesAtOnce === 1 ? "" : `, ${flushesAtOnce} at once`;
  const label = `write ${writeStyle}, flush ${flushStyle}, ${file}${atOnce}`;
  return { label, writeStyle, flushStyle, file, flushesAtOnce };
}

function readCases(size) {
  const bytes = { "4 KiB": 4096, "64 KiB": 65_536, "1 MiB": mebibyte }[size];
  return [false, true].flatMap((isCold) =>
    ["blocking", "waiting"].map((style) => ({
      label: style + (isCold ? ", cold" : ""),
      bytes,
      style,
      isCold,
    })),
  );
}

/** Runs every case once a round, from another one on each round, and prints medians over the rounds. */
async function compare(title, cases, measure) {
  const rounds = new Map(cases.map((one) => [one, []]));
  for (let round = 0; round < roundCount; round++) {
    const measured = new Map();
    for (let turn = 0; turn < cases.length; turn++) {
      const one = cases[(turn + round) % cases.length];
      measured.set(one, await measure(one));
    }
    const first = measured.get(cases[0]).microseconds;
    for (const [one, result] of measured) {
      rounds.get(one).push({ ...result, speed: first / result.microseconds });
    }
  }
  console.log(
    `| ${title} | µs each | speed against the first | event loop busy, µs each | longest stall, µs |`,
  );
  console.log("| --- | --- | --- | --- | --- |");
  for (const [{ label }, results] of rounds) {
    const column = (name, digits = 0) => median(results.map((result) => result[name])).toFixed(digits);
    const columns = [column("microseconds"), column("speed", 2), column("busy"), column("stall")];
    console.log(`| ${label} | ${columns.join(" | ")} |`);
  }
  console.log("");
}

async function measureWrites({ writeStyle, flushStyle, file, flushesAtOnce }, { bytes, count }) {
  const path = join(folder, "written");
  fs.writeFileSync(path, new Uint8Array(file === "recycled" ? recycledBytes : 0));
  // Each flush at one time has a description of the file of its own, as in the adapter.
  const descriptors = Array.from({ length: flushesAtOnce }, () => fs.openSync(path, "r+"));
  fs.fsyncSync(descriptors[0]);
  const source = new Uint8Array(bytes).fill(7);
  const running = descriptors.map(() => undefined);
  const meter = startMeter();
  for (let index = 0; index < count; index++) {
    const slot = index % flushesAtOnce;
    await running[slot];
    const written = meter.time(() => writes[writeStyle](descriptors[0], source, index * bytes));
    if ((await written) !== bytes) throw new Error("a short write");
    running[slot] = meter.time(() => flushes[flushStyle](descriptors[slot]));
    if (flushesAtOnce === 1) await running[slot];
  }
  await Promise.all(running);
  const result = meter.stop(count);
  for (const descriptor of descriptors) fs.closeSync(descriptor);
  fs.unlinkSync(path);
  return result;
}

async function measureReads({ bytes, style, isCold }) {
  const path = join(folder, "read");
  const count = 40;
  fs.writeFileSync(path, new Uint8Array(bytes * count).fill(7));
  const descriptor = fs.openSync(path, "r");
  fs.fsyncSync(descriptor);
  if (isCold) dropCaches();
  const target = new Uint8Array(bytes);
  const meter = startMeter();
  for (let index = 0; index < count; index++) {
    await meter.time(() => reads[style](descriptor, target, index * bytes));
  }
  const result = meter.stop(count);
  fs.closeSync(descriptor);
  fs.unlinkSync(path);
  return result;
}

/** Changes names, blocking, while another file is written and flushed: as when a log rotates. */
async function measureNames({ label }) {
  const traffic = startTraffic();
  const stalls = [];
  for (let index = 0; index < 4; index++) {
    const path = join(folder, `named-${index}`);
    const descriptor = fs.openSync(path, "wx+");
    if (label !== "create") fs.writeSync(descriptor, new Uint8Array(64 * mebibyte));
    await flushes.waiting(descriptor);
    const meter = startMeter();
    if (label === "create") meter.time(() => fs.closeSync(fs.openSync(`${path}.new`, "wx+")));
    else if (label === "rename") meter.time(() => fs.renameSync(path, `${path}.new`));
    else if (label === "truncate") meter.time(() => fs.ftruncateSync(descriptor, 4096));
    else meter.time(() => (fs.closeSync(descriptor), fs.unlinkSync(path)));
    stalls.push(meter.stop(1).stall);
    if (label !== "unlink") fs.closeSync(descriptor);
    fs.rmSync(path, { force: true });
    fs.rmSync(`${path}.new`, { force: true });
  }
  await traffic.stop();
  return { microseconds: median(stalls), busy: median(stalls), stall: Math.max(...stalls) };
}

function startTraffic() {
  const path = join(folder, "traffic");
  const descriptor = fs.openSync(path, "w+");
  let isStopped = false;
  const ended = (async () => {
    for (let position = 0; !isStopped; position += 4096) {
      fs.writeSync(descriptor, new Uint8Array(4096), 0, 4096, position);
      await flushes.waiting(descriptor);
    }
    fs.closeSync(descriptor);
    fs.unlinkSync(path);
  })();
  return {
    stop() {
      isStopped = true;
      return ended;
    },
  };
}

/** `busy` is the time in which the event loop did not wait, `stall` the longest that one call kept it. */
function startMeter() {
  let stallMs = 0;
  const before = performance.eventLoopUtilization();
  const start = performance.now();
  return {
    time(call) {
      const from = performance.now();
      const answer = call();
      stallMs = Math.max(stallMs, performance.now() - from);
      return answer;
    },
    stop(count) {
      const elapsedMs = performance.now() - start;
      const { active } = performance.eventLoopUtilization(before);
      return {
        microseconds: (elapsedMs * 1000) / count,
        busy: (active * 1000) / count,
        stall: stallMs * 1000,
      };
    },
  };
}

function wait(call) {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)));
  });
}

/** Only root on Linux can: elsewhere the rows that say cold are warm ones. */
function dropCaches() {
  try {
    fs.writeFileSync("/proc/sys/vm/drop_caches", "1");
  } catch {}
}

function median(numbers) {
  return numbers.toSorted((left, right) => left - right)[numbers.length >> 1];
}
