/** What is measured: a log on each of the browser's two kinds of storage, and how to be rid of it afterwards. */
import { browserStorage, type Home } from "../../adapters/browser/storage.ts";
import { type Log, openLog } from "../../src/index.ts";

export interface Contestant {
  readonly name: string;
  open(): Promise<Log>;
}

const directory = "walkabout-bench";
const segment = { maxBytes: 4 * 2 ** 20 };
const retention = { maxBytes: 8 * 2 ** 20 };

export const contestants: readonly Contestant[] = [
  { name: "OPFS, in a worker", open: () => openAt("opfs") },
  { name: "IndexedDB", open: () => openAt("indexeddb") },
];

/** A log of its own each time. Rejects where the browser has no such storage. */
async function openAt(prefer: Home): Promise<Log> {
  const storage = browserStorage({
    name: directory,
    prefer,
    worker: () =>
      new Worker(new URL("../../adapters/browser/worker.ts", import.meta.url), { type: "module" }),
  });
  const log = await openLog({ storage, topic: `bench-${prefer}-${Date.now()}`, segment, retention });
  if (log.stats().storage.includes(`(${prefer}:`)) return log;
  const { storage: name } = log.stats();
  await log.close();
  throw new Error(`this browser has no handles: ${name}`);
}

/** Removes everything that was measured with. */
export async function removeAll(): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(directory, { recursive: true });
  } catch {
    // There is nothing.
  }
  const databases = (await indexedDB.databases?.()) ?? [];
  for (const { name } of databases) if (name?.startsWith(directory)) indexedDB.deleteDatabase(name);
}
