/** That these tests run where they are said to, here and in the processes that they start. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorOfOpening, runtime, temporaryFolder } from "./folders.ts";
import { type Bundle, bundleOpener, startOpener } from "./process.ts";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleOpener();
});
afterAll(() => bundle.remove());

const asked = process.env.WALKABOUT_RUNTIME ?? "node";

test(`this process is one of ${asked}`, () => {
  expect(runtime).toMatch(new RegExp(`^${asked} \\d+\\.\\d+\\.\\d+`));
});

test(`a process that a test starts is one of ${asked} as well`, async () => {
  const directory = temporaryFolder();
  const holder = await startOpener(bundle.opener, directory);
  expect(holder.answer).toBe("open");
  expect(errorOfOpening(directory).message).toContain(`locked by process ${holder.process.pid} (${runtime})`);
});
