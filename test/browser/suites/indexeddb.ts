/** The conformance suites on IndexedDB. */
import { indexedDbStorage } from "../../../adapters/indexeddb/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../../src/conformance/index.ts";
import type { Storage } from "../../../src/index.ts";
import holderUrl from "./holder.ts?worker&url";
import { holdIn } from "./holding.ts";
import type { Runner } from "./runner.ts";

export function indexedDbSuite(runner: Runner): void {
  const names = new WeakMap<Storage, string>();
  const on = (database: string): Storage => {
    const storage = indexedDbStorage({ database });
    names.set(storage, database);
    return storage;
  };
  const backend: ConformanceOptions = {
    test: runner.test,
    skip: runner.skip,
    open: () => on(`conformance-${crypto.randomUUID()}`),
    close: (storage) => deleteDatabases(`${names.get(storage)!}/`),
    again: (storage) => on(names.get(storage)!),
    readBeside: true,
    holdElsewhere:
      typeof Worker === "undefined"
        ? "a service worker starts no workers"
        : (storage, path) => holdIn(holderUrl, { kind: "indexeddb", at: names.get(storage)!, path }),
    losePower: "a page cannot cut the power; see test/browser/accidents.mjs",
  };
  testStorage(backend);
  testLog(backend);
}

/** Without waiting: one that a terminated worker had open may take a while. */
async function deleteDatabases(prefix: string): Promise<void> {
  for (const { name } of await indexedDB.databases()) {
    if (name?.startsWith(prefix)) indexedDB.deleteDatabase(name);
  }
}
