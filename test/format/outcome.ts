/**
 * What comes of opening a log folder and reading all of it through the public interface, in one line: the
 * code of an error, or what was read. An error without a code, an endless loop, or a file that was changed
 * in spite of an error is a bug, and is thrown.
 */
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { openLog, WalError } from "../../src/index.ts";
import { decodeLog } from "./decoder.ts";
import { diskWith, type FolderBytes, takeFolder } from "./folder.ts";

export interface Outcome {
  /** The code of the error, or `sound`, `torn` or `clean` as the recovery report has it. */
  readonly verdict: string;
  readonly message: string;
  readonly offsets: number[];
}

/** A signal that ends the reading after very many steps, so that an endless loop is an error. */
function patience(): AbortSignal {
  let steps = 0;
  const signal = {
    get aborted() {
      return ++steps > 10_000;
    },
    reason: new Error("reading does not end"),
    addEventListener() {},
    removeEventListener() {},
  };
  return signal as unknown as AbortSignal;
}

export async function outcomeOf(files: FolderBytes, topic: string, verb = openLog): Promise<Outcome> {
  const path = `${topic}/0`;
  const disk = await diskWith(files, path);
  const offsets: number[] = [];
  let opened = false;
  try {
    const log = await verb({ storage: memoryStorage({ disk }), topic });
    opened = true;
    for await (const record of log.read({ signal: patience() })) offsets.push(record.offset);
    return { verdict: log.recovery.verdict, message: "", offsets };
  } catch (error) {
    if (!opened && !sameBytes(takeFolder(disk, path), files)) throw new Error("a log that was not opened was changed");
    if (!(error instanceof WalError)) throw error;
    return { verdict: error.code, message: error.message, offsets };
  }
}

/** What the stranger's decoder says of the same files, in the same words. */
export function strangerSays(files: FolderBytes): string {
  const { verdicts, missing } = decodeLog(files);
  const all = Object.values(verdicts);
  if (all.includes("format")) return "FORMAT";
  if (all.includes("corrupt") || missing.length > 0) return "CORRUPT";
  return all.includes("torn") ? "torn" : "sound";
}

function sameBytes(one: FolderBytes, other: FolderBytes): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([name, bytes]) => Buffer.from(bytes).equals(other.get(name) ?? Buffer.alloc(0)));
}
