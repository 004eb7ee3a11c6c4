/** The published conformance suites over files on a real ext4 whose power is really cut. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../src/conformance/index.ts";
import type { Storage } from "../../src/index.ts";
import { type Bundle, bundleOpener, startOpener } from "../node/process.ts";
import { LoopDisk, whyNoLoopDisk } from "../tools/loop-disk.mjs";

const whyNot = whyNoLoopDisk("ext4");

if (whyNot !== undefined)
  test.skip(`files on ext4 that loses its power (skipped: ${whyNot})`, () => undefined);
else {
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await bundleOpener();
  });
  afterAll(() => bundle.remove());

  describe.each([{ blocking: false }, { blocking: true }])(
    "files on ext4 (blocking: $blocking)",
    ({ blocking }) => {
      let disk: LoopDisk;
      let count = 0;
      beforeAll(() => {
        disk = new LoopDisk("ext4");
      });
      afterAll(() => disk.remove());

      const folders = new WeakMap<Storage, string>();
      const on = (folder: string): Storage => {
        const storage = nodeStorage(folder, { blocking });
        folders.set(storage, folder);
        return storage;
      };
      const backend: ConformanceOptions = {
        test,
        skip: test.skip,
        open() {
          const folder = join(disk.folder, `${count++}`);
          mkdirSync(folder);
          return on(folder);
        },
        again: (storage) => on(folders.get(storage)!),
        readBeside: true,
        async holdElsewhere(storage, path) {
          const opener = await startOpener(bundle.opener, folders.get(storage)!, { path });
          expect(opener.answer).toBe("open");
          return { die: () => opener.kill() };
        },
        async losePower(storage, letGo) {
          disk.cutPower();
          await letGo();
          await disk.remount();
          return on(folders.get(storage)!);
        },
      };
      testStorage(backend);
      testLog(backend);
    },
  );
}
