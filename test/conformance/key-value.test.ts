/** The worked example of an adapter from outside keeps the contract. */
import { test } from "vitest";
import { entryOf } from "../../examples/key-value/lease.ts";
import { keyValueStorage } from "../../examples/key-value/storage.ts";
import { type Entry, memoryStore } from "../../examples/key-value/store.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../src/conformance/index.ts";
import type { Storage } from "../../src/index.ts";

type Entries = Map<string, Entry>;
const entriesOf = new WeakMap<Storage, Entries>();

function on(entries: Entries): Storage {
  const storage = keyValueStorage(memoryStore(entries), { leaseMs: 400 });
  entriesOf.set(storage, entries);
  return storage;
}

const backend: ConformanceOptions = {
  test,
  skip: test.skip,
  open: () => on(new Map()),
  again: (storage) => on(entriesOf.get(storage)!),
  readBeside: true,
  // What a holder that was killed leaves behind: an entry that nobody renews.
  async holdElsewhere(storage, path) {
    const key = ["walkabout", ...path, "lock"];
    const store = memoryStore(entriesOf.get(storage)!);
    await store.commit({ check: { key, version: undefined }, set: [[key, entryOf(Date.now() + 400)]] });
    return { die: () => undefined };
  },
  // What was committed stays, what only the process knew is gone, and so are its locks in time.
  async losePower(storage, letGo) {
    const left: Entries = new Map(entriesOf.get(storage)!);
    await letGo();
    for (const [key, entry] of left)
      if (key.endsWith(',"lock"]')) left.set(key, { ...entry, value: entryOf(0) });
    return on(left);
  },
};

testStorage(backend);
testLog(backend);
