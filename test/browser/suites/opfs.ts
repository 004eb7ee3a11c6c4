/** The conformance suites on the origin private file system, with names that settle at once, never, and on the way. */
import { opfsStorage } from "../../../adapters/opfs/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../../src/conformance/index.ts";
import type { Storage } from "../../../src/index.ts";
import holderUrl from "./holder.ts?worker&url";
import { holdIn } from "./holding.ts";
import type { Runner } from "./runner.ts";

const settlings = { "settled names": 0, "names that never settle": 1e9, "names that settle on the way": 4 };

/** In Firefox names are as durable as bytes, and no other setting is used. */
const used = Object.entries(settlings).filter(
  ([, ms]) => ms === 0 || !navigator.userAgent.includes("Firefox/"),
);

export function opfsSuite(runner: Runner): void {
  for (const [title, settleMs] of used) {
    const directories = new WeakMap<Storage, string>();
    const on = (directory: string): Storage => {
      const storage = opfsStorage({ directory, settleMs });
      directories.set(storage, directory);
      return storage;
    };
    const backend: ConformanceOptions = {
      test: (name, run) => runner.test(`${title}: ${name}`, run),
      skip: (name, run) => runner.skip(`${title}: ${name}`, run),
      open: () => on(`conformance-${crypto.randomUUID()}`),
      close: (storage) => removeFolder(directories.get(storage)!),
      again: (storage) => on(directories.get(storage)!),
      readBeside: true,
      holdElsewhere: (storage, path) => {
        return holdIn(holderUrl, { kind: "opfs", at: directories.get(storage)!, settleMs, path });
      },
      losePower: "a page cannot cut the power; see test/browser/accidents.mjs",
    };
    testStorage(backend);
    testLog(backend);
  }
}

/** The handles of a worker that was terminated may outlive it for some milliseconds. */
async function removeFolder(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  for (let tries = 0; ; tries++) {
    try {
      await root.removeEntry(name, { recursive: true });
      return;
    } catch (error) {
      if ((error as DOMException).name === "NotFoundError") return;
      if (tries === 100) throw error;
    }
    await new Promise((wake) => setTimeout(wake, 20));
  }
}
