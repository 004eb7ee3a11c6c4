/** The published conformance suites over files, in both colours. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../src/conformance/index.ts";
import type { Storage } from "../../src/index.ts";
import { type Bundle, bundleOpener, startOpener } from "../node/process.ts";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleOpener();
});
afterAll(() => bundle.remove());

for (const blocking of [false, true]) {
  const folders = new WeakMap<Storage, string>();
  const on = (folder: string): Storage => {
    const storage = nodeStorage(folder, { blocking });
    folders.set(storage, folder);
    return storage;
  };
  describe(`node, ${blocking ? "blocking" : "waiting"}`, () => {
    const backend = {
      test,
      skip: test.skip,
      open: () => on(mkdtempSync(join(realpathSync(tmpdir()), "walkabout-conformance-"))),
      close: (storage) => rmSync(folders.get(storage)!, { recursive: true }),
      again: (storage) => on(folders.get(storage)!),
      readBeside: true,
      holdElsewhere: async (storage, path) => {
        const opener = await startOpener(bundle.opener, folders.get(storage)!, { path });
        expect(opener.answer).toBe("open");
        return { die: () => opener.kill() };
      },
      losePower: "this folder lies on the disk of this machine; see test/real/power.test.ts",
    } satisfies ConformanceOptions;
    testStorage(backend);
    testLog(backend);
  });
}
