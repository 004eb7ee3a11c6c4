/** Hypercore: an append-only log with a signed Merkle tree over its blocks. */
import Hypercore from "hypercore";
import { join } from "node:path";

const block = (value) => Buffer.from(value.buffer, value.byteOffset, value.length);

export async function open(folder) {
  const core = new Hypercore(join(folder, "hypercore"));
  await core.ready();
  return {
    append: (value) => core.append(block(value)),
    appendMany: (values) => core.append(values.map(block)),
    async scan() {
      let total = 0;
      for await (const value of core.createReadStream()) total += value.length;
      return total;
    },
    close: () => core.close(),
  };
}
