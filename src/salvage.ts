/**
 * Copies everything readable of a damaged log to a new place, under the same offsets. The damaged
 * log is only read. Offsets that could not be saved stay reserved in the copy, and are listed.
 */
import { Copy, type OffsetRange } from "./engine/copy.ts";
import { Core } from "./engine/core.ts";
import { gather, type Problem } from "./engine/evidence.ts";
import { Files } from "./engine/files.ts";
import { writeClose } from "./engine/maintenance.ts";
import { statesBefore } from "./engine/producers.ts";
import { Writer } from "./engine/writer.ts";
import { WalError } from "./errors.ts";
import { parseSegmentName } from "./format/names.ts";
import { checkAddress, checkOptions, type LogAddress } from "./options.ts";
import { existingPlace, leave, openPlace } from "./place.ts";

export interface SalvageReport {
  /** The offsets that the copy holds. */
  readonly kept: readonly OffsetRange[];
  /**
   * The offsets that are known to have been flushed and could not be read. Of records at the very end
   * that nothing readable vouches for, nothing is known.
   */
  readonly lost: readonly OffsetRange[];
  readonly problems: readonly Problem[];
}

export type { OffsetRange, Problem };

/**
 * Copies what is readable of `from` to `to`, where no log may be yet.
 *
 *     const report = await salvage({ storage, topic: "orders" }, { storage: other, topic: "orders" });
 */
export async function salvage(from: LogAddress, to: LogAddress): Promise<SalvageReport> {
  const source = checkAddress(from);
  const target = checkAddress(to);
  const sourcePlace = await existingPlace(from.storage, source, "salvage");
  const sourceFiles = new Files(sourcePlace, source.label);
  try {
    const { runs, next, first, producers, problems } = await gather(sourceFiles, source);
    const targetPlace = (await openPlace(to.storage, target, "write"))!;
    const targetFiles = new Files(targetPlace, target.label);
    try {
      const names = await targetFiles.list();
      if (names.some((name) => parseSegmentName(name) !== undefined)) {
        throw new WalError("UNAVAILABLE", `cannot salvage into ${target.label}: there is a log already`, {
          log: target.label,
        });
      }
      const state = { first, maxTimestamp: 0, producers: statesBefore(producers, first) };
      const start = { entries: [], dead: [], state, durable: first, epoch: 0 };
      const settings = checkOptions(to);
      const core = new Core(to.storage, targetFiles, target, settings, start);
      const copy = new Copy(core, sourceFiles, runs, next);
      await copy.write();
      await writeClose(core, new Writer(core));
      return { kept: copy.kept, lost: copy.lost, problems };
    } finally {
      await targetFiles.abandon();
      await targetPlace.close();
    }
  } finally {
    await leave(sourceFiles, sourcePlace);
  }
}
