/** That each of several flushes at once hears of a write error, on a disk whose writes really fail. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bytes, openPlace, placePath } from "./folders.ts";
import { FailingDisk, whyNoFailingDisk } from "./failing-disk.ts";

const mebibyte = 1_048_576;
const whyNot = whyNoFailingDisk();
const reason = whyNot === undefined ? "" : ` (skipped: ${whyNot})`;

test.runIf(whyNot === undefined)(`every flush at once reports a write error by itself${reason}`, async () => {
  const disk = new FailingDisk();
  onTestFinished(() => disk.remove());
  const place = openPlace(disk.folder);
  const file = await place.create("a.wal");
  await file.write(bytes(4 * mebibyte, 1), 0);
  await file.flush();

  disk.fail(join(disk.folder, ...placePath, "a.wal"), mebibyte);
  await file.write(bytes(mebibyte, 2), mebibyte);
  const outcomes = await Promise.allSettled([file.flush(), file.flush(), file.flush()]);
  disk.heal();
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  // Each has its own word from the system, and none was failed by another one.
  const codes = outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason.code : "none"));
  expect(codes.filter((code) => code === "FULL" || code === "EIO")).toHaveLength(3);

  // The kernel has told everybody: it keeps nothing back, and nothing of what was lost.
  await file.flush();
  await file.close();
  await place.close();
});
