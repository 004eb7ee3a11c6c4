/**
 * Losses of power of a real file system under a running writer. Everything that it reported as acknowledged
 * must be there, whatever was in flight: appends, rotations, truncations, recovery, retention. The kernel's
 * own shutdown of a file system stands for the cut: nothing that was not flushed reaches the image.
 *
 * More of it: `POWER_CUTS=100 npm test -- real`; a run again: `POWER_SEED=…`.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bundleWriter, type Mistake, type WriterBundle } from "./bundle.ts";
import { cutOften } from "./cuts.ts";
import { Dice } from "./dice.ts";
import { LoopDisk, whyNoLoopDisk } from "../tools/loop-disk.mjs";
import type { Mode } from "./process.ts";

const cuts = Number(process.env.POWER_CUTS ?? 8);
const seed = Number(process.env.POWER_SEED ?? Date.now() % 1_000_000);
const modes: readonly Mode[] = ["appends", "rotation", "truncation", "retention"];
const matrix = [false, true].flatMap((blocking) => modes.map((mode) => ({ blocking, mode })));

function newDisk(kind: "ext4" | "xfs"): LoopDisk {
  const disk = new LoopDisk(kind);
  onTestFinished(() => disk.remove());
  return disk;
}

describe.each(["ext4", "xfs"] as const)("%s", (kind) => {
  const whyNot = whyNoLoopDisk(kind);
  const reason = whyNot === undefined ? "" : ` (skipped: ${whyNot})`;
  let sound: WriterBundle;
  beforeAll(async () => {
    sound = await bundleWriter();
  });
  afterAll(() => sound.remove());

  test
    .runIf(whyNot === undefined)
    .each(kind === "ext4" ? matrix : matrix.filter(({ blocking }) => !blocking))(
    `keeps every acknowledged record through ${cuts} losses of power (blocking: $blocking, in flight: $mode, POWER_SEED=${seed})${reason}`,
    async ({ blocking, mode }) => {
      const options = { script: sound.script, dice: new Dice(seed), mode, blocking };
      const acks = await cutOften(newDisk(kind), { ...options, cuts });
      expect(acks).toBeGreaterThan(0);
    },
  );

  // On xfs the flush of a file covers the names as well, as far as has been seen.
  const mistakes: readonly Mistake[] =
    kind === "ext4" ? ["no file flush", "no folder flush"] : ["no file flush"];
  test.runIf(whyNot === undefined).each(mistakes)(
    `finds out a backend with this mistake: %s (POWER_SEED=${seed})${reason}`,
    async (mistake) => {
      const wrong = await bundleWriter(mistake);
      onTestFinished(() => wrong.remove());
      const options = {
        script: wrong.script,
        dice: new Dice(seed),
        mode: "retention" as const,
        blocking: false,
      };
      const outcome = cutOften(newDisk(kind), { ...options, cuts: 60 });
      await expect(outcome).rejects.toThrow(/after cut|there is no such log|missing|damaged/);
    },
  );
});
