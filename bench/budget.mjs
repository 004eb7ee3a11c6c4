/** How much is measured: all of it in a quarter of an hour, quickly in two minutes, or just enough to see that it works. */

const mebibyte = 2 ** 20;

export const budgets = {
  full: {
    append: { rounds: 5, ms: 120, segmentBytes: 64 * mebibyte },
    relaxed: { rounds: 5, ms: 150, segmentBytes: 64 * mebibyte },
    replay: { rounds: 5, records: 1_000_000 },
    open: {
      sizes: [
        { name: "10 MB", bytes: 10e6, rounds: 3, peerRounds: 2 },
        { name: "100 MB", bytes: 100e6, rounds: 3, peerRounds: 1 },
        { name: "1 GiB", bytes: 2 ** 30, rounds: 3, peerRounds: 1 },
      ],
    },
    latency: { ms: 20_000, rounds: 3, peerMs: 10_000, peerRounds: 1 },
    memory: { bytes: 2 ** 30 },
    flushes: { rounds: 30 },
    micro: { rounds: 7, records: 500_000 },
    browser: { rounds: 4, ms: 150 },
    edge: { rounds: 5, calls: 10 },
    profile: { ms: 3000 },
  },
  quick: {
    append: {
      rounds: 2,
      ms: 40,
      segmentBytes: 8 * mebibyte,
      without: ["64 KiB", "batches of 64"],
    },
    relaxed: { rounds: 2, ms: 40, segmentBytes: 8 * mebibyte },
    replay: { rounds: 2, records: 200_000 },
    open: {
      sizes: [
        { name: "10 MB", bytes: 10e6, rounds: 1, peerRounds: 1 },
        { name: "100 MB", bytes: 100e6, rounds: 1, peerRounds: 1 },
      ],
    },
    latency: { ms: 3000, rounds: 1, peerMs: 1000, peerRounds: 1 },
    memory: { bytes: 128 * mebibyte },
    flushes: { rounds: 10 },
    micro: { rounds: 3, records: 200_000 },
    browser: { rounds: 1, ms: 100 },
    edge: { rounds: 2, calls: 5 },
    profile: { ms: 1000 },
  },
  try: {
    append: { rounds: 1, ms: 2, segmentBytes: mebibyte, without: ["64 KiB", "batches of 64", "1 KiB"] },
    relaxed: { rounds: 1, ms: 2, segmentBytes: mebibyte },
    replay: { rounds: 1, records: 5000 },
    open: { sizes: [{ name: "1 MB", bytes: 1e6, rounds: 1, peerRounds: 1 }] },
    latency: { ms: 200, rounds: 1, peerMs: 100, peerRounds: 1 },
    memory: { bytes: 4 * mebibyte },
    flushes: { rounds: 3 },
    micro: { rounds: 1, records: 5000 },
    browser: { rounds: 1, ms: 5 },
    edge: { rounds: 1, calls: 1 },
    profile: { ms: 50 },
  },
};
