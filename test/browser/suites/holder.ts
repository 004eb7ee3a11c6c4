/** A worker that opens a place, says so, and holds it until it is terminated. */
import { indexedDbStorage } from "../../../adapters/indexeddb/storage.ts";
import { opfsStorage } from "../../../adapters/opfs/storage.ts";
import type { Holding } from "./holding.ts";

const kept: unknown[] = [];

globalThis.addEventListener("message", async ({ data }: MessageEvent<Holding>) => {
  const { kind, at, settleMs, path } = data;
  try {
    const storage =
      kind === "opfs" ? opfsStorage({ directory: at, settleMs }) : indexedDbStorage({ database: at });
    kept.push(await storage.open(path, { mode: "write" }));
    globalThis.postMessage("open");
  } catch (error) {
    globalThis.postMessage(String(error));
  }
});
