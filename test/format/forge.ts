/**
 * Changes single fields of segment files, and mends what depends on them as far as a test asks for: nothing,
 * the checksum of the header, or everything behind it as well, as a faulty writer would have written it.
 */
import type { Batch } from "./decoder-batch.ts";
import { xxHash32 } from "./decoder-bytes.ts";
import type { Segment } from "./decoder-segment.ts";
import type { FolderBytes } from "./folder.ts";

export interface Field {
  name: string;
  at: number;
  size: 2 | 4 | 8 | 20;
}

export const segmentFields: readonly Field[] = [
  { name: "magic", at: 0, size: 4 },
  { name: "version", at: 4, size: 2 },
  { name: "topic length", at: 6, size: 2 },
  { name: "topic", at: 8, size: 20 },
  { name: "partition", at: 28, size: 4 },
];

export const batchFields: readonly Field[] = [
  { name: "checksum", at: 0, size: 4 },
  { name: "length", at: 4, size: 4 },
  { name: "position", at: 8, size: 4 },
  { name: "epoch", at: 12, size: 4 },
  { name: "base offset", at: 16, size: 8 },
  { name: "count", at: 24, size: 4 },
  { name: "attributes", at: 28, size: 2 },
  { name: "first zero", at: 30, size: 2 },
  { name: "base timestamp", at: 32, size: 8 },
  { name: "max timestamp", at: 40, size: 8 },
  { name: "payload checksum", at: 48, size: 4 },
  { name: "previous checksum", at: 52, size: 4 },
  { name: "watermark", at: 56, size: 4 },
  { name: "second zero", at: 60, size: 4 },
];

const fieldOf = (name: string): Field => batchFields.find((field) => field.name === name)!;

export function setNumber(bytes: Uint8Array, at: number, size: number, value: number): void {
  let rest = value;
  for (let i = 0; i < size; i++, rest = Math.floor(rest / 256)) bytes[at + i] = rest % 256;
}

export function setField(bytes: Uint8Array, batch: { position: number }, name: string, value: number): void {
  const { at, size } = fieldOf(name);
  setNumber(bytes, batch.position + at, size, value);
}

/** Makes the checksums of a batch right again: that of its payload, and that of its header. */
export function reseal(bytes: Uint8Array, { position }: { position: number }, length?: number): void {
  if (length !== undefined) {
    const payload = bytes.subarray(position + 64, position + 64 + length);
    setField(bytes, { position }, "payload checksum", xxHash32(payload));
  }
  setField(bytes, { position }, "checksum", xxHash32(bytes.subarray(position + 4, position + 64)));
}

/**
 * Makes every batch behind a resealed one continue it. `segment` says how the segment was, so that the
 * batches are found whatever has become of the fields.
 */
export function rechain(bytes: Uint8Array, segment: Segment, from: Batch): void {
  let previous = from;
  for (const batch of segment.batches.filter(({ position }) => position > from.position)) {
    const checksum = new DataView(bytes.buffer, bytes.byteOffset).getUint32(previous.position, true);
    setField(bytes, batch, "previous checksum", checksum);
    reseal(bytes, batch);
    previous = batch;
  }
}

/** Changes the payload of a batch in place, and mends the checksums of the batch and of all behind it. */
export function rewritePayload(
  bytes: Uint8Array,
  segment: Segment,
  batch: Batch,
  change: (payload: Uint8Array) => void,
): void {
  change(bytes.subarray(batch.position + 64, batch.end));
  reseal(bytes, batch, batch.length);
  rechain(bytes, segment, batch);
}

/**
 * Makes the second of two segments continue the first one, whose last batch was forged. The segments say how
 * both were before.
 */
export function relink(files: FolderBytes, [older, newer]: readonly Segment[]): void {
  const start = newer.batches[0];
  const link = newer.start!.link!;
  const last = older.batches.find(({ end }) => end === link.end)!;
  const old = files.get(older.name)!;
  const checksum = new DataView(old.buffer, old.byteOffset).getUint32(last.position, true);
  const bytes = files.get(newer.name)!;
  setField(bytes, start, "previous checksum", checksum);
  rewritePayload(bytes, newer, start, (payload) => setNumber(payload, 36, 4, checksum));
}
