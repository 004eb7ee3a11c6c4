/**
 * Damages a log of three segments in every small way there is: each bit, each length, each sector of zeros,
 * each segment gone, doubled, swapped or renamed. What the library makes of it is held against the stranger's
 * decoder, which is written from FORMAT.md alone, and no record may ever read as anything but itself.
 */
import { MemoryDisk } from "../../adapters/memory/storage.ts";
import { decodeSegment } from "../format/decoder-segment.ts";
import { decodeLog } from "../format/decoder.ts";
import { type FolderBytes, takeFolder } from "../format/folder.ts";
import { reseal, setField } from "../format/forge.ts";
import { Bench } from "../format/golden-bench.ts";
import { outcomeOf, strangerSays } from "../format/outcome.ts";
import { recordOf } from "./content.ts";

const topic = "victim";

export interface Victim {
  readonly title: string;
  readonly files: FolderBytes;
  /** By offset. */
  readonly values: readonly string[];
}

export interface Damage {
  readonly title: string;
  readonly files: FolderBytes;
}

/** A log that was closed, one that was not, and one whose last segment lies in a recycled file. */
export async function victims(): Promise<Victim[]> {
  return [
    await made("closed", true, false),
    await made("open", false, false),
    await made("recycled", false, true),
  ];
}

async function made(title: string, isClosed: boolean, isRecycled: boolean): Promise<Victim> {
  const bench = new Bench("sync", new MemoryDisk());
  const log = await bench.open({ topic });
  const values: string[] = [];
  const append = async (count: number): Promise<void> => {
    const records = Array.from({ length: count }, (_, index) => recordOf(values.length + index));
    values.push(...records.map(({ value }) => value as string));
    if (count > 1) await log.appendBatch(records);
    else await log.append(records[0]!, { producer: { id: "p", epoch: 1, sequence: values.length } });
  };
  const segment = async (): Promise<void> => {
    for (const count of [1, 2, 1]) await append(count);
  };
  if (isRecycled) {
    // Larger than what comes to lie in its file.
    for (let batch = 0; batch < 3; batch++) await append(3);
    await log.rotate();
  }
  await segment();
  await log.rotate();
  if (isRecycled) await log.truncateBefore(9);
  await segment();
  await log.rotate();
  await segment();
  if (isClosed) await log.close();
  return { title, files: takeFolder(bench.disk, `${topic}/0`), values };
}

/** Every damage to `files`; of each byte, the bits of `masks`. */
export function* damages({ files }: Victim, masks: readonly number[]): Generator<Damage> {
  for (const [name, bytes] of files) {
    const changed = (title: string, change: (bytes: Uint8Array) => Uint8Array): Damage => ({
      title: `${title} of ${name}`,
      files: new Map(
        [...files].map(([each, whole]) => [each, each === name ? change(whole.slice()) : whole]),
      ),
    });
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of masks) {
        yield changed(`bit ${mask} of byte ${at}`, (copy) => {
          copy[at] ^= mask;
          return copy;
        });
      }
    }
    for (let size = 0; size < bytes.length; size++)
      yield changed(`only ${size} bytes`, (copy) => copy.subarray(0, size));
    for (const sector of [16, 64, 512]) {
      for (let at = 0; at < bytes.length; at += sector) {
        yield changed(`zeros from ${at} to ${at + sector}`, (copy) => copy.fill(0, at, at + sector));
      }
    }
    // A batch with all its checksums right, which is another than the one that was written there. Of the one
    // before a close only the close says that: it is torn by the letter, and the library refuses to read it.
    const { batches } = decodeSegment(name, bytes)!;
    for (const [index, batch] of batches.entries()) {
      if (batches[index + 1]?.control?.is === "close") continue;
      yield changed(`another batch at ${batch.position}`, (copy) => {
        setField(copy, batch, "max timestamp", batch.maxTimestamp + 1);
        reseal(copy, batch);
        return copy;
      });
    }
    yield* renamed(files, name);
  }
}

/** What can happen to whole segments. */
function* renamed(files: FolderBytes, name: string): Generator<Damage> {
  const without = new Map(files);
  without.delete(name);
  yield { title: `${name} removed`, files: without };
  const base = Number(name.slice(0, 20));
  for (const other of [
    `${padded(base + 1)}.wal`,
    `${padded(base)}_0000000009.wal`,
    `${padded(base + 100)}.wal`,
  ]) {
    if (files.has(other)) continue;
    yield { title: `${name} repeated as ${other}`, files: new Map([...files, [other, files.get(name)!]]) };
    yield { title: `${name} renamed to ${other}`, files: new Map([...without, [other, files.get(name)!]]) };
  }
  for (const other of files.keys()) {
    if (other <= name) continue;
    const swapped = new Map([...files, [name, files.get(other)!], [other, files.get(name)!]]);
    yield { title: `${name} and ${other} swapped`, files: swapped };
  }
}

/** Throws when the library and the stranger do not say the same of a damage. Answers what they say. */
export async function judged(victim: Victim, { title, files }: Damage): Promise<string> {
  const sorted = new Map([...files].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  const fail = (what: string): never => {
    throw new Error(`a log that is ${victim.title}, with ${title}: ${what}`);
  };
  const { verdict, offsets, values, message } = await outcomeOf(sorted, topic).catch((error: Error) =>
    fail(error.message),
  );
  for (const [index, offset] of offsets.entries()) {
    if (values[index] !== victim.values[offset]) fail(`offset ${offset} reads ${values[index]}`);
  }
  const expected = strangerSays(sorted);
  const said = verdict === "clean" ? "sound" : verdict;
  if (said !== expected && !(said === "new" && expected === "sound"))
    fail(`it is ${expected}, and the library says ${said} ${message}`);
  if (said === "CORRUPT" || said === "FORMAT") return said;
  const there = decodeLog(sorted).records.map(({ offset }) => offset);
  if (String(there) !== String(offsets))
    fail(`there are the offsets ${there}, and the library reads ${offsets}`);
  return said;
}

function padded(base: number): string {
  return String(base).padStart(20, "0");
}
