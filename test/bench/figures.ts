/** Figures as the benchmarks collect them, made up: for a report that is to be looked at. */
import { parts as latencyParts } from "../../bench/child/latency.mjs";
import { peers } from "../../bench/peers.mjs";
import { durableWorkloads, relaxedWorkloads } from "../../bench/workloads.mjs";

const spread = (median: number) => ({ median, low: median * 0.9, high: median * 1.1 });

/** How fast each is, as a fraction of the raw loop. Who is not named could not be measured. */
const ratios: Record<string, number> = {
  raw: 1,
  walkabout: 0.9,
  "walkabout-blocking": 0.96,
  "better-sqlite3": 0.01,
  "classic-level": 0.05,
  lmdb: 0.2,
  hypercore: 0.000_01,
  "rocksdb-native": 0.3,
  "async-append-only-log": 0.02,
};

export const reason = "no such module <node:sqlite> | at all";

function appendRow(peer: string) {
  const ratio = ratios[peer];
  if (ratio === undefined) return { peer, failed: reason };
  return { peer, perSecond: 1e6 * ratio, ratio: spread(ratio), p50: 0.1 / ratio, p99: 0.3 / ratio };
}

const appends = (workloads: readonly { name: string }[]) =>
  workloads.map(({ name }) => ({ workload: name, rows: peers.map((peer) => appendRow(peer.name)) }));

const replayRow = (peer: string, objects = false) => ({ ...appendRow(peer), objects, share: 1 });

const openRows = [10e6, 2 ** 30].flatMap((bytes) =>
  ["closed", "killed"].flatMap((ending) => [
    ...[1, 1000].map((segments) => ({
      peer: "walkabout",
      segments,
      ending,
      bytes,
      size: `${bytes} B`,
      ms: spread(ending === "closed" ? 7 : 12),
      verdict: "clean",
      found: segments,
    })),
    { peer: "lmdb", ending, bytes, size: `${bytes} B`, failed: reason },
  ]),
);

function latencyRow(peer: string, ms: number) {
  const quantiles = latencyParts.map((_, index) => spread(ms * (1 + index / 10)));
  return { peer, seconds: 60, rotations: 96, quantiles, longestTurnMs: 3, blockedShare: 0.01 };
}

const memoryRow = (peer: string, mebibytes: readonly number[]) => ({
  peer,
  bytes: 2 ** 30,
  writing: { before: 50 * 2 ** 20, most: 99 * 2 ** 20, curve: mebibytes.map((each) => each * 2 ** 20) },
  reading: { before: 50 * 2 ** 20, most: 80 * 2 ** 20 },
});

const placeRow = (name: string, ratio: number) => ({
  name,
  context: "page",
  means: "strict commit",
  perSecond: 1000,
  ratio: spread(ratio),
  busyMicros: 7,
});

/** Of a run in which everything was measured, but for one contestant. */
export const makeFigures = () => ({
  command: "npm run bench",
  date: "2026-11-21 10:00",
  meansNothing: false,
  minutes: 14.2,
  machine: { processors: "2 × X", memory: "4 GiB", system: "linux", fileSystem: "ext4", node: "v20.0.0" },
  versions: { walkabout: "0.1.0", lmdb: "3.5.6" },
  parts: {
    append: appends(durableWorkloads),
    relaxed: appends(relaxedWorkloads),
    // One was not counted at all.
    flushes: peers
      .filter(({ name }) => name !== "hypercore")
      .map(({ name, strongest }) => {
        const count = strongest === "disk" ? 1 : 0;
        return { peer: name, serial: count, batches: count, callers: count };
      }),
    latency: [latencyRow("raw", 0.13), latencyRow("walkabout", 0.15), { peer: "lmdb", failed: reason }],
    replay: [...Object.keys(ratios).map((peer) => replayRow(peer)), replayRow("walkabout", true)],
    open: openRows,
    memory: [memoryRow("walkabout", [60, 70, 70, 71]), memoryRow("lmdb", [60, 300, 600, 900])],
    micro: {
      ns: {
        copy: 10,
        encode: 40,
        checksum: 15,
        decode: 4,
        objects: 30,
        stage: 120,
        append: 200,
        promise: 80,
      },
      overhead: 2.05,
    },
    browser: {
      browser: "Chromium 1",
      scenarios: [{ title: "100 B", rows: [placeRow("bare handle", 1), placeRow("walkabout/opfs", 0.8)] }],
    },
    edge: { failed: reason },
    profile: [{ peer: "walkabout", title: "replay", functions: [{ name: "(idle)", share: 0.4 }] }],
  },
});
