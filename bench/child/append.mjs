/** Appends for a while, or so many times, with some callers that each await their own answer. */

export async function appendFor(peer, { callers, batch, bytes, ms = Infinity, calls = Infinity }) {
  const value = new Uint8Array(bytes).fill(120);
  const values = Array.from({ length: batch }, () => value);
  const append = batch === 1 ? () => peer.append(value) : () => peer.appendMany(values);
  const latencies = [];
  const begun = performance.now();
  let count = 0;
  let running = true;
  const call = async () => {
    while (running) {
      const answer = append();
      if (callers > 1 || isPromise(answer)) await answer;
      count++;
    }
  };
  /** One of the callers looks at the clock. */
  const callAndWatch = async () => {
    let now = begun;
    while (running) {
      const before = now;
      const answer = append();
      if (callers > 1 || isPromise(answer)) await answer;
      count++;
      now = performance.now();
      latencies.push(now - before);
      running = now - begun < ms && latencies.length < calls;
    }
  };
  await Promise.all([callAndWatch(), ...Array.from({ length: callers - 1 }, call)]);
  const took = performance.now() - begun;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: ((count * batch) / took) * 1000,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

export function isPromise(answer) {
  return typeof answer?.then === "function";
}

/** Of numbers in ascending order. */
export function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
