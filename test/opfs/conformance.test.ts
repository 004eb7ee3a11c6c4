/**
 * The conformance suites on an origin private file system in memory, with losses of power, which no page can
 * cause. Browsers do the rest for real (see test/browser).
 */
import { test } from "vitest";
import { opfsStorage } from "../../adapters/opfs/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../src/conformance/index.ts";
import type { Storage } from "../../src/index.ts";
import { Origin } from "./origin.ts";

const origins = new WeakMap<Storage, Origin>();

function on(origin: Origin): Storage {
  origin.install();
  const storage = opfsStorage({ settleMs: 0 });
  origins.set(storage, origin);
  return storage;
}

const backend: ConformanceOptions = {
  test,
  skip: test.skip,
  open: () => on(new Origin(0)),
  again: (storage) => on(origins.get(storage)!),
  readBeside: true,
  holdElsewhere: "there is one program alone",
  async losePower(storage, letGo) {
    const origin = origins.get(storage)!;
    origin.losePower({ kept: () => 0, isWrittenKept: () => false });
    await letGo();
    return on(origin);
  },
};

testStorage(backend);
testLog(backend);
