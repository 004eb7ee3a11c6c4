/** The published conformance suites over the in-memory backend, in both colours. */
import { describe, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../src/conformance/index.ts";
import type { Storage } from "../../src/index.ts";

for (const colour of ["sync", "async"] as const) {
  const disks = new WeakMap<Storage, MemoryDisk>();
  const on = (disk: MemoryDisk): Storage => {
    const storage = memoryStorage({ colour, disk });
    disks.set(storage, disk);
    return storage;
  };
  describe(`memory, ${colour}`, () => {
    const backend = {
      test,
      skip: test.skip,
      open: () => on(new MemoryDisk()),
      again: (storage) => on(disks.get(storage)!),
      readBeside: true,
      holdElsewhere: "the disk lies in the memory of this program, which nobody else reaches",
      losePower: (storage) => on(disks.get(storage)!.losePower()),
    } satisfies ConformanceOptions;
    testStorage(backend);
    testLog(backend);
  });
}
