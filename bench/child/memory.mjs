/** How much memory the process has while it writes, or has had at most while it read. */

const samples = 32;
const perBatch = 64;
const valueBytes = 16 * 1024;

export async function measureMemory(peer, { bytes }) {
  const before = process.memoryUsage.rss();
  if (bytes === 0) {
    await peer.scan();
    return { before, most: process.resourceUsage().maxRSS * 1024 };
  }
  const value = new Uint8Array(valueBytes).fill(120);
  const values = Array.from({ length: perBatch }, () => value);
  const curve = [];
  for (let written = 0; written < bytes; written += perBatch * valueBytes) {
    await peer.appendMany(values);
    if (written >= (bytes / samples) * curve.length) curve.push(process.memoryUsage.rss());
  }
  return { before, curve, most: process.resourceUsage().maxRSS * 1024 };
}
