/** What this project wants to reach, and whether it did. */
import { parts as latencyParts } from "../child/latency.mjs";
import { isOurs, peerNamed, titleOf } from "../peers.mjs";
import { numberText, segmentsText } from "./text.mjs";

const blocking = "walkabout-blocking";
const waiting = "walkabout";

const atLeast = (target) => ({ target, text: `at least ${target}`, holds: (value) => value >= target });
const atMost = (target, unit = "") => ({
  target,
  text: `at most ${target}${unit}`,
  holds: (value) => value <= target,
});

/** `value` answers undefined where nothing was measured. `floor` says what the raw loop itself comes to. */
const goals = [
  appendGoal("one at a time, 100 B", blocking, 0.95),
  appendGoal("one at a time, 100 B", waiting, 0.7),
  ...[blocking, waiting].flatMap((peer) => [
    appendGoal("64 callers, 100 B", peer, 0.85),
    appendGoal("1,024 callers, 100 B", peer, 0.85),
    appendGoal("64 callers, 1 KiB", peer, 0.7),
    appendGoal("1,024 callers, 1 KiB", peer, 0.7),
  ]),
  {
    name: "1,024 callers, 100 B: times the best JavaScript peer whose answer means disk",
    ...atLeast(4),
    value: timesTheBestPeer,
  },
  {
    name: "replay of values, of the raw loop",
    ...atLeast(0.7),
    value: ({ replay }) => best(ours(replay, isValues), "ratio"),
  },
  { name: "replay of values, times RocksDB's rate", ...atLeast(2), value: timesRocksDb },
  ...["closed", "killed"].flatMap((ending) =>
    [1, 16, 1000].map((segments) => ({
      name: `opening the largest log of ${segmentsText(segments)}, ${ending}`,
      ...atMost(20, " ms"),
      value: ({ open }) => openMs(open, ending, segments),
    })),
  ),
  ...[blocking, waiting].map((peer) => ({
    name: `p99.9 of an answer under a steady load, times the raw p50 (${titleOf(peer)})`,
    ...atMost(3),
    value: ({ latency }) => timesRawP50(latency, peer),
    floor: ({ latency }) => timesRawP50(latency, "raw"),
  })),
  {
    name: "bytes of a record beyond its value, in full batches",
    ...atMost(4),
    value: ({ micro }) => micro?.overhead,
  },
  {
    name: "memory while writing: growth from the first half to the last, MiB",
    ...atMost(32),
    value: ({ memory }) => growth(memory),
  },
];

/** Each goal with `actual` and `state`: "reached", "missed" or "not measured". */
export function judge(parts) {
  const measured = Object.fromEntries(Object.entries(parts).filter(([, part]) => part.failed === undefined));
  return goals.map(({ name, text, holds, value, floor }) => {
    const actual = value(measured);
    if (!Number.isFinite(actual)) return { name, text, actual: "–", state: "not measured" };
    const beside = floor === undefined ? "" : ` (the raw loop itself ${numberText(floor(measured))})`;
    // A figure just below its goal must not look like it.
    const figure = actual < 1 ? actual.toFixed(3) : numberText(actual);
    return { name, text, actual: figure + beside, state: holds(actual) ? "reached" : "missed" };
  });
}

function appendGoal(workload, peer, target) {
  return {
    name: `${workload}, of the raw loop (${titleOf(peer)})`,
    ...atLeast(target),
    value: ({ append }) => rowOf(append, workload, peer)?.ratio?.median,
  };
}

function rowOf(results, workload, peer) {
  return results?.find((each) => each.workload === workload)?.rows.find((row) => row.peer === peer);
}

function timesTheBestPeer({ append, flushes }) {
  const rows = append?.find(({ workload }) => workload === "1,024 callers, 100 B")?.rows ?? [];
  const peers = rows.filter(({ peer }) => peer !== "raw" && !isOurs(peer) && isFlushed(peer, flushes));
  return best(ours(rows), "ratio") / best(peers, "ratio");
}

/** Its promise, unless strace has counted that it is not kept. */
function isFlushed(peer, flushes) {
  const counted = flushes?.find((row) => row.peer === peer)?.serial;
  return peerNamed(peer)?.strongest === "disk" && !(counted < 1);
}

function timesRocksDb({ replay }) {
  const rocks = replay?.filter(({ peer }) => peer === "rocksdb-native");
  return best(ours(replay, isValues), "perSecond") / best(rocks, "perSecond");
}

const isValues = ({ objects }) => !objects;

function ours(rows, suits = () => true) {
  return rows?.filter((row) => isOurs(row.peer) && suits(row));
}

function best(rows, key) {
  const values = (rows ?? []).map((row) => row[key]?.median ?? row[key]).filter(Number.isFinite);
  return values.length === 0 ? undefined : Math.max(...values);
}

function openMs(open, ending, segments) {
  const largest = Math.max(...(open ?? []).map(({ bytes }) => bytes));
  const suits = (row) => row.bytes === largest && row.ending === ending && row.segments === segments;
  return open?.find((row) => isOurs(row.peer) && suits(row))?.ms?.median;
}

function timesRawP50(latency, peer) {
  const quantiles = (name) => latency?.find((row) => row.peer === name)?.quantiles;
  const raw = quantiles("raw");
  const mine = quantiles(peer);
  return raw && mine && mine[latencyParts.indexOf(0.999)].median / raw[latencyParts.indexOf(0.5)].median;
}

function growth(memory) {
  const curve = memory?.find(({ peer }) => isOurs(peer))?.writing?.curve;
  if (curve === undefined || curve.length < 2) return undefined;
  const half = curve.length >> 1;
  return (Math.max(...curve.slice(half)) - Math.max(...curve.slice(0, half))) / 2 ** 20;
}
