/** Many lives of a writer on one disk, each ended by a loss of power, and what is left held against its reports. */
import { nodeStorage } from "../../adapters/node/storage.ts";
import { openLog, openReader } from "../../src/index.ts";
import type { Dice } from "./dice.ts";
import type { LoopDisk } from "../tools/loop-disk.mjs";
import { History } from "./history.ts";
import { type Mode, RunningWriter } from "./process.ts";

export interface CutOptions {
  readonly script: string;
  readonly dice: Dice;
  readonly mode: Mode;
  readonly blocking: boolean;
  readonly cuts: number;
}

/** Answers the number of records that were acknowledged. */
export async function cutOften(disk: LoopDisk, options: CutOptions): Promise<number> {
  const { script, dice, mode, blocking, cuts } = options;
  const history = new History({ drops: mode === "retention" });
  const address = { storage: nodeStorage(disk.folder), topic: "real" };
  for (let cut = 0; cut < cuts; cut++) {
    const writer = new RunningWriter(script, disk.folder, { seed: dice.below(1e9), mode, blocking });
    try {
      // In some lives the power goes while the log is still being recovered.
      const lines = dice.below(4) === 0 ? dice.below(2) : 2 + dice.below(300);
      await writer.reported(lines);
      if (lines === 0) await new Promise((resolve) => setTimeout(resolve, 60 + dice.below(120)));
    } finally {
      await writer.freeze();
      disk.cutPower();
      await writer.kill();
    }
    await disk.remount();
    history.add(writer.lines.filter((line) => !line.startsWith("failed ")));
    const when = `after cut ${cut} (in flight: ${mode}, blocking: ${blocking})`;
    if (dice.below(3) > 0) {
      // A reader changes nothing: the next life recovers what this one left, and may lose power meanwhile.
      const reader = await openReader(address).catch((error: unknown) => {
        if (!history.isEmpty) throw error;
      });
      if (reader === undefined) continue;
      try {
        await history.check(reader, when);
      } finally {
        await reader.close();
      }
    } else {
      const log = await openLog(address);
      try {
        await history.check(log, when);
      } finally {
        await log.close();
      }
    }
  }
  return history.acks;
}
