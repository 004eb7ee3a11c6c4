/** What a contestant's process does when it is asked. It answers each message with a result or an error. */
import { fileURLToPath } from "node:url";
import { appendFor } from "./child/append.mjs";
import { measureLatency } from "./child/latency.mjs";
import { measureMemory } from "./child/memory.mjs";
import { profiled } from "./child/profile.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
let peer;

const works = {
  /** Answers how long opening took, without loading the code. */
  async open({ module, folder, options }) {
    const { open, openToRead } = await import(`./peers/${module}.mjs`);
    const begun = performance.now();
    peer = await (options.reads && openToRead ? openToRead : open)(folder, options);
    const ms = performance.now() - begun;
    return { ms, ...peer.found?.() };
  },
  async prepare() {
    await peer.prepare?.();
  },
  /** Writes so many records in large batches. */
  async fill({ records, bytes, perBatch = 1024 }) {
    const value = new Uint8Array(bytes).fill(120);
    const values = Array.from({ length: perBatch }, () => value);
    let count = 0;
    for (; count < records; count += perBatch) await peer.appendMany(values);
    return count;
  },
  async scan({ method = "scan" }) {
    const begun = performance.now();
    await peer[method]();
    return { ms: performance.now() - begun };
  },
  append: (args) => appendFor(peer, args),
  latency: (args) => measureLatency(peer, args),
  memory: (args) => measureMemory(peer, args),
  micro: async (args) => (await import("./child/micro.mjs")).measureMicro(args),
  profile: ({ work, args }) => profiled(() => works[work](args)),
  async close() {
    await peer.close();
  },
  die: () => process.kill(process.pid, "SIGKILL"),
};

process.on("message", async ({ work, args }) => {
  try {
    process.send({ result: await works[work](args) });
  } catch (error) {
    // A report says nothing of the folders of whoever made it.
    process.send({ error: String(error?.message ?? error).replaceAll(root, "") });
  }
});

process.on("disconnect", () => process.exit());
