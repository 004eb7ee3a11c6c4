/**
 * Accidents, on a copy: the real bytes of this tab's log are put on a simulated disk, something happens to them there, and
 * the copy is opened and checked as after any accident. What comes out is what the library says, word by word.
 */
import { type FailedFlush, SimulatedDisk } from "../../adapters/memory/simulated/disk.ts";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { pathOf } from "../../src/format/names.ts";
import {
  type Log,
  type LogAddress,
  openLog,
  type RecoveryReport,
  salvage,
  type SalvageReport,
  type Storage,
  verify,
  type VerifyReport,
  WalError,
} from "../../src/index.ts";
import { LogBytes } from "./log-bytes.ts";
import type { Mark } from "./map.ts";
import { tapped } from "./tap.ts";

export type Accident = "tear" | "flip" | "fail";

export interface Outcome {
  readonly accident: Accident;
  /** What was done, in one sentence. */
  readonly did: string;
  /** The bytes after the accident, before anything was mended. */
  readonly bytes: LogBytes;
  readonly marks: readonly Mark[];
  readonly verified: VerifyReport;
  /** What opening the copy said: its report, or why it refused. */
  readonly recovery: RecoveryReport | undefined;
  readonly refusal: string | undefined;
  readonly salvaged: SalvageReport | undefined;
  /** Where the map should look. */
  readonly look: { readonly segment: string; readonly position: number } | undefined;
}

/** Small enough that a torn write is seen on the map. */
const sectorBytes = 64;
const batchesMin = 4;

/** `bytes` are those of the log at `from`. */
export async function cause(accident: Accident, bytes: LogBytes, from: LogAddress): Promise<Outcome> {
  const { topic, partition = 0 } = from;
  const disk = await copyOf(bytes, from);
  const { first } = await verify({ storage: memoryStorage({ disk }), topic, partition });
  const copy: Copy = { disk, topic, partition, first, path: pathOf(topic, partition).join("/") };
  if (accident === "tear") return tear(copy);
  return accident === "flip" ? flip(copy) : failFlush(copy);
}

interface Copy {
  readonly disk: SimulatedDisk;
  readonly topic: string;
  readonly partition: number;
  /** The first offset of the log: what lies before it is truncated away. */
  readonly first: number;
  readonly path: string;
}

/** Every valid byte of the log, with some records more where there are too few to see anything. */
async function copyOf({ segments }: LogBytes, { topic, partition = 0 }: LogAddress): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ sectorBytes });
  const storage = memoryStorage({ disk });
  const place = await storage.open(pathOf(topic, partition), { mode: "write" });
  if (place === undefined) throw new Error("the simulated disk has no place for a copy");
  for (const segment of segments) {
    const file = await place.create(segment.name);
    await file.write(segment.bytes(0, segment.end), 0);
    await file.flush();
    await file.close();
  }
  await place.close();
  const { batches } = await countsOf({ storage, topic, partition });
  if (batches >= batchesMin + 2) return disk;
  const log = await openLog({ storage, topic, partition });
  for (let count = 1; count <= batchesMin; count++) await log.append(sample(`sample ${count}`));
  return disk.loseProcesses();
}

async function countsOf(address: LogAddress): Promise<{ batches: number }> {
  const { segments } = await verify(address);
  return { batches: Math.max(0, ...segments.map(({ batches }) => batches)) };
}

function sample(text: string): { key: string; value: string } {
  return {
    key: "sample",
    value: JSON.stringify({
      item: text,
      note: "one of a few records that are added to the copy, so that there is something to be damaged",
    }),
  };
}

/** The power goes between a write and its flush, and half of the sectors had reached the disk. */
async function tear(copy: Copy): Promise<Outcome> {
  const { disk } = copy;
  let survivor: SimulatedDisk | undefined;
  let isArmed = false;
  let begun = 0;
  const storage = tapped(memoryStorage({ disk }), {
    isMeant: () => true,
    written: () => undefined,
    flushing() {
      if (!isArmed) return;
      const half = begun + Math.ceil((disk.now - begun) / 2);
      survivor = disk.losePower((sequence) => sequence < half);
      disk.die();
      throw new Error("the power is gone");
    },
  });
  const log = await openLog({ storage, ...addressOf(copy) });
  await log.append(sample("flushed, just before the power goes"));
  isArmed = true;
  begun = disk.now;
  const lost = Array.from({ length: 4 }, (_, index) =>
    log.append(sample(`on its way when the power goes, ${index + 1}`)),
  );
  await Promise.allSettled(lost);
  const did =
    "The power went between a write of 4 records and its flush: half of the sectors were on the disk.";
  return examine("tear", did, { ...copy, disk: survivor ?? disk });
}

/** One bit of a batch that was flushed long ago is another one. */
async function flip(copy: Copy): Promise<Outcome> {
  const bytes = await bytesOf(copy);
  const batches = bytes.segments.flatMap((segment) =>
    // The last one of each is left out: of the very last, nothing would tell damage from a torn write.
    segment.items
      .filter(
        ({ kind, header }) => (kind === "records" || kind === "cursor") && header!.baseOffset >= copy.first,
      )
      .slice(0, -1)
      .map((item) => ({ segment, item })),
  );
  const { segment, item } = batches[Math.floor(Math.random() * batches.length)]!;
  const position = item.from + 64 + Math.floor(Math.random() * Math.max(1, item.to - item.from - 72));
  const bit = Math.floor(Math.random() * 8);
  copy.disk
    .folder(copy.path)
    .names.get(segment.name)
    ?.rot(position, 1 << bit);
  const did = `Bit ${bit} of byte ${position} of ${segment.name} was flipped.`;
  return examine("flip", did, copy);
}

/** The disk fails one flush and loses what it was for, although that reads back fine. */
async function failFlush(copy: Copy): Promise<Outcome> {
  const { disk } = copy;
  const how: FailedFlush = "lost";
  let isArmed = false;
  const storage = tapped(memoryStorage({ disk }), {
    isMeant: () => true,
    flushing(name) {
      if (!isArmed) return;
      isArmed = false;
      const folder = disk.folder(copy.path);
      const file = folder.names.get(name);
      if (file !== undefined) folder.failFlush(file, how, () => false);
      throw new Error("EIO: the disk could not flush");
    },
  });
  const log = await openLog({ storage, ...addressOf(copy) });
  await log.append(sample("flushed, before the disk fails"));
  isArmed = true;
  const rejected = await rejectionOf(log, "not flushed: the disk failed");
  const { offset, segment } = await log.append(sample("the same again, into a new segment"));
  await log.append(sample("and one more"));
  const did = `A flush failed: the append was rejected with ${rejected}. Tried again, it got offset ${offset} in a new segment, ${segment}.`;
  return examine("fail", did, { ...copy, disk: disk.loseProcesses() });
}

async function rejectionOf(log: Log, text: string): Promise<string> {
  try {
    await log.append(sample(text));
  } catch (error) {
    return error instanceof WalError ? error.code : String(error);
  }
  throw new Error("the flush did not fail");
}

/** Checks every byte, and opens another copy, so that the one that is shown stays as the accident left it. */
async function examine(accident: Accident, did: string, copy: Copy): Promise<Outcome> {
  const address = { storage: memoryStorage({ disk: copy.disk }), ...addressOf(copy) };
  const verified = await verify(address);
  const bytes = await bytesOf(copy);
  for (const segment of bytes.segments) {
    segment.flushed = accident === "flip" ? segment.length : (segment.linkEnd ?? segment.end);
  }
  let recovery: RecoveryReport | undefined;
  let refusal: string | undefined;
  let salvaged: SalvageReport | undefined;
  const again = memoryStorage({ disk: copy.disk.loseProcesses() });
  try {
    const log = await openLog({ storage: again, ...addressOf(copy) });
    recovery = log.recovery;
    // Damage in older segments is found when they are read.
    for await (const _ of log.read());
  } catch (error) {
    if (!(error instanceof WalError)) throw error;
    refusal = `${error.code}: ${error.message}`;
  }
  if (verified.verdict === "corrupt") {
    salvaged = await salvage(address, { storage: memoryStorage(), ...addressOf(copy) });
  }
  const marks = marksOf(verified, bytes, recovery);
  // What happened here, not what was found besides.
  const kind = accident === "tear" ? "torn" : accident === "flip" ? "corrupt" : "superseded";
  const look = marks.findLast((mark) => mark.kind === kind);
  return {
    accident,
    did,
    bytes,
    marks,
    verified,
    recovery,
    refusal,
    salvaged,
    look: look && { segment: look.segment, position: look.from },
  };
}

/** What the report says, as stretches of bytes. */
function marksOf(verified: VerifyReport, bytes: LogBytes, recovery: RecoveryReport | undefined): Mark[] {
  const marks: Mark[] = [];
  for (const { segment, verdict, damages, replaced, bytes: length } of verified.segments) {
    if (segment === undefined) continue;
    const known = bytes.segments.find(({ name }) => name === segment);
    if (replaced !== undefined) {
      marks.push({ segment, from: replaced.position, to: length, kind: "superseded" });
    }
    for (const { position } of damages) {
      const isTorn = verdict === "torn";
      const behind = known?.items.find(({ from, header }) => from > position && header !== undefined);
      const to = isTorn ? length : (behind?.from ?? length);
      marks.push({ segment, from: position, to, kind: isTorn ? "torn" : "corrupt" });
    }
  }
  const torn = recovery?.torn;
  if (torn !== undefined && !marks.some(({ kind }) => kind === "torn")) {
    marks.push({ segment: torn.segment, from: torn.position, to: torn.position + torn.bytes, kind: "torn" });
  }
  return marks;
}

async function bytesOf({ disk, topic, partition }: Copy): Promise<LogBytes> {
  const storage: Storage = memoryStorage({ disk });
  const bytes = new LogBytes({
    open: async () => storage.open(pathOf(topic, partition), { mode: "read" }),
    handle: () => undefined,
  });
  await bytes.load();
  return bytes;
}

function addressOf({ topic, partition }: Copy): { topic: string; partition: number } {
  return { topic, partition };
}
