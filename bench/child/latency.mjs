/**
 * Acknowledgements of a load that comes at its own pace, whether the one before was answered or not: some
 * records at each tick. A latency counts from the moment at which the record was due, so that a late start is part of it. The
 * loop that keeps the pace turns all the time, and sees for how long nothing else could run.
 */
import { setImmediate as turn } from "node:timers/promises";
import { isPromise, quantile } from "./append.mjs";

export const parts = [0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1];

/** A turn that takes longer than this keeps others waiting. */
const turnMsMax = 1;

export async function measureLatency(peer, { ms, tickMs, perTick, bytes }) {
  const value = new Uint8Array(bytes).fill(120);
  const latencies = [];
  const turns = [];
  const unanswered = new Set();
  const rotationsBefore = peer.rotations?.();
  const begun = performance.now();
  let due = begun;
  for (let now = begun; now - begun < ms;) {
    for (; due <= now; due += tickMs) {
      for (let index = 0; index < perTick; index++) appendOne(due);
    }
    await turn();
    const before = now;
    now = performance.now();
    if (now - before > turnMsMax) turns.push(now - before);
  }
  await Promise.all(unanswered);
  latencies.sort((a, b) => a - b);
  return {
    count: latencies.length,
    quantiles: parts.map((part) => quantile(latencies, part)),
    longestTurnMs: Math.max(0, ...turns),
    blockedShare: turns.reduce((sum, each) => sum + each, 0) / ms,
    rotations: rotationsBefore === undefined ? undefined : peer.rotations() - rotationsBefore,
  };

  async function note(answer, dueAt) {
    await answer;
    latencies.push(performance.now() - dueAt);
  }

  function appendOne(dueAt) {
    const answer = peer.append(value);
    if (!isPromise(answer)) {
      latencies.push(performance.now() - dueAt);
      return;
    }
    const answered = note(answer, dueAt);
    unanswered.add(answered);
    void answered.finally(() => unanswered.delete(answered));
  }
}
