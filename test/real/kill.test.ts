/**
 * A real process on real files, killed with SIGKILL at any moment, again and again on one log, while it
 * appends, rotates, truncates, recovers or drops old segments. What it reported through a pipe before its
 * death is held against the log. More of it: `KILL_ROUNDS=200 npm test -- real`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { openLog, openReader } from "../../src/index.ts";
import { bundleWriter, type WriterBundle } from "./bundle.ts";
import { Dice } from "./dice.ts";
import { History } from "./history.ts";
import { type Mode, RunningWriter } from "./process.ts";

const rounds = Number(process.env.KILL_ROUNDS ?? 6);
const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);

let bundle: WriterBundle;
beforeAll(async () => {
  bundle = await bundleWriter();
});
afterAll(() => bundle.remove());

const modes: readonly Mode[] = ["appends", "rotation", "truncation", "retention"];
const matrix = [false, true].flatMap((blocking) => modes.map((mode) => ({ blocking, mode })));

test.each(matrix)(
  `keeps every acknowledged record through ${rounds} kills (blocking: $blocking, in flight: $mode, KILL_SEED=${seed})`,
  async ({ blocking, mode }) => {
    const folder = mkdtempSync(join(tmpdir(), "walkabout-kill-"));
    const history = new History({ drops: mode === "retention" });
    const dice = new Dice(seed);
    const address = { storage: nodeStorage(folder), topic: "real" };
    for (let round = 0; round < rounds; round++) {
      // In every third life it is killed among its first reports: in the middle of the recovery, or before.
      const lines = round % 3 === 2 ? dice.below(2) : 5 + dice.below(400);
      const writer = new RunningWriter(bundle.script, folder, { seed: dice.below(1e9), blocking, mode });
      await writer.reported(lines);
      if (lines === 0) await new Promise((resolve) => setTimeout(resolve, dice.below(120)));
      await writer.kill();
      expect(writer.errors, `what the writer said in round ${round}`).toBe("");
      history.add(writer.lines);
      const when = `after kill ${round}`;
      if (round % 2 === 0) {
        // A reader changes nothing, so that the next life finds what this one left.
        const reader = await openReader(address).catch((error: unknown) => {
          if (!history.isEmpty) throw error;
        });
        if (reader !== undefined) await history.check(reader, when);
        await reader?.close();
      } else {
        const log = await openLog(address);
        await history.check(log, when);
        await log.close();
      }
    }
    expect(history.acks).toBeGreaterThan(0);
    expect(history.failures).toBe(0);
    rmSync(folder, { recursive: true });
  },
);
