/**
 * One file for a whole log: a plain tar that holds the segment files as they are, under the names they have in a
 * folder, so that any tar program unpacks it to a log. `import.ts` makes a log of it again, on every storage.
 */
import { Files } from "./engine/files.ts";
import type { Identity } from "./engine/segment.ts";
import { survey } from "./engine/survey.ts";
import { evidenceOf } from "./engine/tail.ts";
import { judge } from "./engine/verdict.ts";
import { WalError } from "./errors.ts";
import { parseSegmentName, pathOf } from "./format/names.ts";
import { blockBytes, tarHeader } from "./format/tar.ts";
import { checkAddress, type LogAddress } from "./options.ts";
import { existingPlace, leave } from "./place.ts";
import type { Storage } from "./storage.ts";

const chunkBytes = 1024 * 1024;
/** How often the files are looked at again while they change, or look damaged. */
const attemptsMax = 8;

/**
 * The bytes of an archive, in chunks. It takes no lock: of a log that is written to, it holds the records that
 * were there when it began. What a crash has left unfinished at the end is not taken along; damage is.
 *
 *     const file = new Blob(await Array.fromAsync(exportLog({ storage, topic: "orders" })));
 *
 * The newest segment comes first, so that what was cut off is never taken for a whole, shorter log.
 */
export async function* exportLog(address: LogAddress): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const identity = checkAddress(address);
  const { topic, partition, label } = identity;
  const path = pathOf(topic, partition);
  const place = await existingPlace(address.storage, identity, "export");
  const files = new Files(place, label);
  try {
    const modified = Math.floor(address.storage.now() / 1000);
    const entries = await snapshot(address.storage, files, identity);
    if (entries.length === 0) throw unavailable(`export log ${label}`, "it has no segments", label);
    for (const { name, size } of entries) {
      yield tarHeader({ path: [...path, name], size }, modified);
      yield* contentOf(files, name, size);
      if (size % blockBytes > 0) yield new Uint8Array(blockBytes - (size % blockBytes));
    }
    yield new Uint8Array(blockBytes * 2);
  } finally {
    await leave(files, place);
  }
}

interface Entry {
  readonly name: string;
  readonly size: number;
}

/**
 * The segments of the log, the last one first. That one may be written to: it is taken up to its last record, where
 * no later segment can be named yet. What is damaged is taken whole.
 */
async function snapshot(storage: Storage, files: Files, identity: Identity): Promise<Entry[]> {
  for (let attempt = 1; ; attempt++) {
    const before = (await segmentsOf(files)).join("/");
    const { parts, tail } = await survey(files, identity);
    const isDamaged = tail === undefined || judge(evidenceOf(tail)) === "corrupt";
    const isSame = (await segmentsOf(files)).join("/") === before;
    if (attempt < attemptsMax && !(isSame && !isDamaged && parts.every(({ kind }) => kind === "live"))) {
      await storage.sleep(attempt);
      await files.closeAll().catch(() => undefined);
      continue;
    }
    const entries: Entry[] = [];
    for (const part of parts) {
      if (part.kind === "missing") continue;
      const name = part.kind === "live" ? part.segment.name : part.name;
      const isOpen = tail !== undefined && name === tail.segment.name && !tail.closed && !isDamaged;
      entries.unshift({ name, size: isOpen ? tail.end.position : await files.size(name) });
    }
    return entries;
  }
}

async function* contentOf(
  files: Files,
  name: string,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  for (let position = 0; position < size; position += chunkBytes) {
    const chunk = new Uint8Array(Math.min(chunkBytes, size - position));
    if ((await files.read(name, chunk, position)) < chunk.length) throw changed(name);
    yield chunk;
  }
  // A file that was removed may have been overwritten while it was read.
  if (!(await segmentsOf(files)).includes(name)) throw changed(name);
}

async function segmentsOf(files: Files): Promise<string[]> {
  return (await files.list()).filter((name) => parseSegmentName(name) !== undefined).toSorted();
}

function changed(name: string): WalError {
  return unavailable(`export segment ${name}`, "it was removed meanwhile; try again", name);
}

function unavailable(action: string, what: string, log: string): WalError {
  return new WalError("UNAVAILABLE", `cannot ${action}: ${what}`, { log });
}
