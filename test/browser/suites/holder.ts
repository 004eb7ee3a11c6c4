/** A worker that opens a place, says so, and holds it until it is terminated. */
import { opfsStorage } from "../../../adapters/opfs/storage.ts";
import type { Holding } from "./holding.ts";

const kept: unknown[] = [];

globalThis.addEventListener("message", async ({ data }: MessageEvent<Holding>) => {
  const { kind, at, settleMs, path } = data;
  try {
    if (kind !== "opfs") throw new Error(`${kind} is not known here`);
    kept.push(await opfsStorage({ directory: at, settleMs }).open(path, { mode: "write" }));
    globalThis.postMessage("open");
  } catch (error) {
    globalThis.postMessage(String(error));
  }
});
