// @vitest-environment happy-dom
/**
 * The conformance suite on an IndexedDB in memory, as a quick look before the browsers do it for real (see
 * test/browser). It knows no crash, no quota and no other tab.
 */
import "fake-indexeddb/auto";
import { test } from "vitest";
import { indexedDbStorage } from "../../adapters/indexeddb/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../src/conformance/index.ts";
import type { Storage } from "../../src/index.ts";
import { locks } from "./locks.ts";

Object.defineProperty(navigator, "locks", { value: locks });

const names = new WeakMap<Storage, string>();
let databases = 0;

function on(database: string): Storage {
  const storage = indexedDbStorage({ database });
  names.set(storage, database);
  return storage;
}

const backend: ConformanceOptions = {
  test,
  skip: test.skip,
  open: () => on(`test-${databases++}`),
  again: (storage) => on(names.get(storage)!),
  readBeside: true,
  holdElsewhere: "there is one program alone",
  losePower: "memory survives no loss of power",
};

testStorage(backend);
testLog(backend);
