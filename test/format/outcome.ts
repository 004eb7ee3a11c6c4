/**
 * What comes of opening a log folder and reading all of it through the public interface: the code of an
 * error, or what was read. An error without a code, an endless loop, a reader that sees something else than
 * the writer, or a file that was changed in spite of an error is a bug, and is thrown.
 */
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { type Log, type LogReader, openLog, openReader, type Storage, WalError } from "../../src/index.ts";
import { decodeLog } from "./decoder.ts";
import { diskWith, type FolderBytes, takeFolder } from "./folder.ts";

export interface Outcome {
  /** The code of the error, or what the recovery report says. */
  readonly verdict: string;
  readonly message: string;
  readonly offsets: number[];
  /** Their values, as text. */
  readonly values: string[];
}

const text = new TextDecoder();

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

export interface OutcomeOptions {
  /** Puts something around the storage. */
  readonly wrap?: (storage: Storage) => Storage;
  /** The offset to read from. */
  readonly from?: number;
}

export async function outcomeOf(
  files: FolderBytes,
  topic: string,
  { wrap = (storage) => storage, from }: OutcomeOptions = {},
): Promise<Outcome> {
  const path = `${topic}/0`;
  const disk = await diskWith(files, path);
  // A reader that finds damage looks again a few times, in case a writer is at work.
  const storage = { ...wrap(memoryStorage({ disk })), sleep: async () => undefined };
  const seen = await readAll(() => openReader({ storage, topic }), from);
  if (!sameBytes(takeFolder(disk, path), files)) throw new Error("a reader has changed the files");
  const read = await readAll(() => openLog({ storage, topic }), from);
  if (!read.log && !sameBytes(takeFolder(disk, path), files))
    throw new Error("a log that was not opened was changed");
  const isSame = String(seen.offsets) === String(read.offsets) && String(seen.values) === String(read.values);
  if (seen.code !== read.code || !isSame)
    throw new Error(
      `a reader sees ${seen.code} and ${seen.offsets}, and a writer ${read.code} and ${read.offsets}`,
    );
  const verdict = read.code ?? (read.log as Log).recovery.verdict;
  return { verdict, message: read.message, offsets: read.offsets, values: read.values };
}

interface Read {
  log: Log | LogReader | undefined;
  code: string | undefined;
  message: string;
  offsets: number[];
  values: string[];
}

async function readAll(open: () => Promise<Log | LogReader>, from?: number): Promise<Read> {
  const read: Read = { log: undefined, code: undefined, message: "", offsets: [], values: [] };
  try {
    read.log = await open();
    for await (const record of read.log.read({ from, signal: patience() })) {
      read.offsets.push(record.offset);
      read.values.push(text.decode(record.value));
    }
  } catch (error) {
    if (!(error instanceof WalError)) throw error;
    Object.assign(read, { code: error.code, message: error.message });
  }
  return read;
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
