/** Opens a log to write it, or to read it beside somebody who does. */
import { Files } from "./engine/files.ts";
import { retain } from "./engine/maintenance.ts";
import { Observer } from "./engine/observer.ts";
import { openCore } from "./engine/open.ts";
import { throwIfAborted } from "./engine/reader.ts";
import type { Identity } from "./engine/segment.ts";
import { Writer } from "./engine/writer.ts";
import { WalError } from "./errors.ts";
import { Log } from "./log.ts";
import { LogReader } from "./log-reader.ts";
import { checkAddress, checkInteger, checkOptions, type LogAddress, type OpenLogOptions } from "./options.ts";
import { existingPlace, leave, openPlace, unavailable } from "./place.ts";
import type { Place } from "./storage.ts";

const lockPollMs = 20;

type NumberedOptions = Omit<OpenLogOptions, "partition"> & LogAddress;

/**
 * Opens a log, which is created when it is missing, and takes its lock. After a crash, what is
 * not damaged is recovered; see `log.recovery`.
 *
 *     const log = await openLog({ storage: nodeStorage("./data"), topic: "orders" });
 *
 * Rejects with `LOCKED`, `CORRUPT`, `FORMAT`, `READ_FAILED` or `UNAVAILABLE`. None of these
 * changes anything on the disk.
 */
export async function openLog(options: OpenLogOptions): Promise<Log> {
  const { partition = 0 } = options;
  return partition === "free" ? openFree(options) : openNumbered({ ...options, partition });
}

/** The first partition that is not locked. Somebody may come first: then it is the next one. */
async function openFree(options: OpenLogOptions): Promise<Log> {
  for (let partition = 0; ; partition++) {
    try {
      return await openNumbered({ ...options, partition, lockWaitMs: 0 });
    } catch (error) {
      if (!isLocked(error)) throw error;
    }
  }
}

async function openNumbered(options: NumberedOptions): Promise<Log> {
  const identity = checkAddress(options);
  const settings = checkOptions(options);
  const place = await lockedPlace(options, identity);
  const files = new Files(place, identity.label);
  try {
    const { core, report } = await openCore(options.storage, files, identity, settings);
    const writer = new Writer(core);
    const log = new Log({ core, writer, place, recovery: report });
    // Retention that cannot be applied now, on a full disk for one, is no reason not to open.
    await writer.exclusive(() => retain(core, writer)).catch(() => undefined);
    return log;
  } catch (error) {
    await leave(files, place);
    throw unavailable(error, identity.label);
  }
}

/**
 * Opens a log for reading, without its lock, while somebody else may be writing it. What is only
 * written and not yet proven to be flushed is marked so.
 */
export async function openReader(options: LogAddress): Promise<LogReader> {
  const identity = checkAddress(options);
  return openReaderAt(await existingPlace(options.storage, identity, "read"), options, identity);
}

/** Answers `undefined` where there is no such log. */
export async function openReaderIfThere(options: LogAddress): Promise<LogReader | undefined> {
  const identity = checkAddress(options);
  const place = await openPlace(options.storage, identity, "read");
  return place && openReaderAt(place, options, identity);
}

async function openReaderAt(place: Place, { storage }: LogAddress, identity: Identity): Promise<LogReader> {
  const files = new Files(place, identity.label);
  const observer = new Observer(storage, files, identity, producersMax);
  try {
    await observer.look();
  } catch (error) {
    await leave(files, place);
    throw error;
  }
  return new LogReader(observer, place);
}

/** A reader tells no duplicates, so it remembers next to nothing of the producers. */
const producersMax = 1;

async function lockedPlace(options: NumberedOptions, identity: Identity): Promise<Place> {
  const { storage, signal, lockWaitMs = 0 } = options;
  if (lockWaitMs !== Infinity) checkInteger("lockWaitMs", lockWaitMs, 0, Number.MAX_SAFE_INTEGER);
  const deadline = storage.elapsed() + lockWaitMs;
  for (;;) {
    throwIfAborted(signal);
    try {
      return (await openPlace(storage, identity, "write"))!;
    } catch (error) {
      if (!isLocked(error) || storage.elapsed() >= deadline) throw error;
    }
    await storage.sleep(lockPollMs);
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof WalError && error.code === "LOCKED";
}
