/** Lets a worker of its own hold a place. */
import type { Holder } from "../../../src/conformance/index.ts";

/** What the worker is to open. */
export interface Holding {
  readonly kind: "opfs" | "indexeddb";
  readonly at: string;
  readonly settleMs?: number;
  readonly path: readonly string[];
}

export async function holdIn(url: string, holding: Holding): Promise<Holder> {
  const worker = new Worker(url, { type: "module" });
  const said = new Promise<unknown>((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => resolve(data));
    worker.addEventListener("error", ({ message }) =>
      reject(new Error(message || "the worker cannot start")),
    );
  });
  worker.postMessage(holding);
  const answer = await said;
  if (answer !== "open") throw new Error(`the worker could not open the place: ${String(answer)}`);
  return { die: () => worker.terminate() };
}
