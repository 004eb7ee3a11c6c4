/**
 * The log that the mutation tests damage: two segments of three batches with two records each. One was
 * closed; the other was not, and the seal of its first segment did not reach the disk, so that nothing but
 * its own bytes tells of the last segment. Mutating them gives new bytes and leaves them as they were.
 */
import { MemoryDisk } from "../../adapters/memory/storage.ts";
import type { Batch } from "./decoder-batch.ts";
import type { Segment } from "./decoder-segment.ts";
import { decodeLog } from "./decoder.ts";
import { type FolderBytes, takeFolder, withFile } from "./folder.ts";
import { Bench } from "./golden-bench.ts";
import { rechain, relink, reseal } from "./forge.ts";

/** What is mended after a mutation: nothing, the checksum of the header, or all that depends on it. */
export type Mending = "nothing" | "the header" | "everything";

export class Victim {
  static readonly topic = "victim";
  readonly closed: boolean;
  readonly files: FolderBytes;
  readonly segments: readonly Segment[];

  constructor(closed: boolean, files: FolderBytes) {
    this.closed = closed;
    this.files = files;
    this.segments = decodeLog(files).segments;
  }

  /** The batches of records in a segment. */
  data(segment: number): Batch[] {
    return this.segments[segment].batches.filter((batch) => batch.control === undefined);
  }

  batch(segment: number, place: Place): Batch {
    return place === "start"
      ? this.segments[segment].batches[0]
      : this.data(segment)[places.indexOf(place) - 1];
  }

  mutate(segment: number, batch: Batch, change: (bytes: Uint8Array) => void, mending: Mending): FolderBytes {
    const files = withFile(this.files, this.segments[segment].name, (bytes) => {
      change(bytes);
      if (mending !== "nothing") reseal(bytes, batch);
      if (mending === "everything") rechain(bytes, this.segments[segment], batch);
      return bytes;
    });
    if (mending === "everything" && segment === 0) relink(files, this.segments);
    return files;
  }
}

export const places = ["start", "first data batch", "middle data batch", "last data batch"] as const;
export type Place = (typeof places)[number];

export async function makeVictim(closed: boolean, rotates = true): Promise<Victim> {
  const bench = new Bench("sync", new MemoryDisk());
  const log = await bench.open({ topic: Victim.topic });
  for (let i = 0; i < 6; i++) {
    if (i === 3 && rotates) await log.rotate();
    await log.appendBatch([{ value: `first ${i}` }, { value: `other ${i}`, timestamp: bench.clock + 5 }]);
  }
  if (closed) await log.close();
  const files = takeFolder(bench.disk, `${Victim.topic}/0`);
  const victim = new Victim(closed, files);
  if (closed || !rotates) return victim;
  const [{ name, batches }] = victim.segments;
  return new Victim(
    closed,
    withFile(files, name, (bytes) => bytes.slice(0, batches.at(-1)!.position)),
  );
}

export const victims: readonly Victim[] = [await makeVictim(true), await makeVictim(false)];
