/**
 * The scripts of Pebble's walSync, each with three kinds of damage. There a chunk carries how far the log
 * had been synced when it was written, and a damaged chunk below that is an error, while one that no chunk
 * confirms is the end. Here a batch carries the same, as its watermark. What differs: there the reader looks
 * on in the next block only, here at every place where a batch may begin.
 */
import type { Batch } from "../format/decoder-batch.ts";
import { reseal, setField } from "../format/forge.ts";
import { ported, type Row } from "./ported.ts";

/** One batch of a script. */
interface Chunk {
  /** Whether it is damaged. */
  readonly bad?: boolean;
  /** How many of the batches had been flushed when it was written. */
  readonly flushed: number;
}

interface Script {
  readonly name: string;
  readonly there: "corrupt" | "end";
  readonly chunks: readonly Chunk[];
  /** The first batch that is not served, or the error. */
  readonly here: "corrupt" | number;
}

const good = (flushed: number): Chunk => ({ flushed });
const bad = (flushed: number): Chunk => ({ bad: true, flushed });

const scripts: readonly Script[] = [
  { name: "one chunk, sound", there: "end", chunks: [good(0)], here: 1 },
  { name: "one chunk, damaged", there: "end", chunks: [bad(0)], here: 0 },
  { name: "several damaged, no confirmation", there: "end", chunks: [bad(0), bad(0)], here: 0 },
  {
    name: "several damaged, a confirmation that is damaged itself",
    there: "end",
    chunks: [bad(0), bad(1)],
    here: 0,
  },
  {
    name: "a damaged chunk, and a confirmation",
    there: "corrupt",
    chunks: [bad(0), good(1)],
    here: "corrupt",
  },
  {
    name: "a confirmation in the next block",
    there: "corrupt",
    chunks: [bad(0), good(0), good(0), good(3)],
    here: "corrupt",
  },
  {
    name: "a confirmation in the same block, where the next is damaged",
    there: "end",
    chunks: [bad(0), good(1), good(1), bad(3)],
    here: "corrupt",
  },
  {
    name: "much damage, and every confirmation damaged",
    there: "end",
    chunks: [bad(0), good(0), good(0), bad(3), bad(3), bad(3), good(0), bad(7)],
    here: 0,
  },
  {
    name: "much damage, and a confirmation far behind",
    there: "corrupt",
    chunks: [bad(0), good(0), good(0), bad(3), bad(0), bad(1), good(0), good(7)],
    here: "corrupt",
  },
  {
    name: "a confirmation that does not reach the damage",
    there: "end",
    chunks: [good(0), bad(0), bad(0), bad(1), good(1), good(1)],
    here: 1,
  },
  {
    name: "a confirmation that reaches into the damage",
    there: "corrupt",
    chunks: [good(0), bad(1), good(2)],
    here: "corrupt",
  },
];

const payload = "a payload";

const kinds: { readonly kind: string; readonly spoil: (bytes: Uint8Array, batch: Batch) => void }[] = [
  // A checksum that is not right: of the payload, where the header still bears witness, or of the header.
  { kind: payload, spoil: (bytes, { position }) => void (bytes[position + 70]! ^= 1) },
  { kind: "a header", spoil: (bytes, { position }) => void (bytes[position + 5]! ^= 1) },
  // A chunk of an older log, where the file is a recycled one.
  {
    kind: "an older epoch",
    spoil(bytes, batch) {
      setField(bytes, batch, "epoch", 0);
      reseal(bytes, batch);
    },
  },
  // Bytes that are none of the format's.
  { kind: "another format", spoil: (bytes, { position }) => void bytes.fill(0xee, position, position + 64) },
  // Zeros, which there have a script of their own.
  { kind: "zeros", spoil: (bytes, { position, end }) => void bytes.fill(0, position, end) },
];

/** Gives every batch the watermark that its script says, each continuing the one before, and spoils some. */
function forged(
  chunks: readonly Chunk[],
  spoil: (bytes: Uint8Array, batch: Batch) => void,
  batches: readonly Batch[],
  bytes: Uint8Array,
): Uint8Array {
  const ends = batches.map(({ end }) => end);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const [index, batch] of batches.entries()) {
    if (index > 0)
      setField(bytes, batch, "previous checksum", view.getUint32(batches[index - 1]!.position, true));
    const { flushed } = chunks[index]!;
    // Nothing of the segment is acknowledged before its start was flushed, and there that is not counted.
    setField(
      bytes,
      batch,
      "watermark",
      flushed === 0 ? batches[0]!.position : Math.min(ends[flushed - 1]!, batch.position),
    );
    reseal(bytes, batch);
  }
  for (const [index, batch] of batches.entries()) if (chunks[index]!.bad) spoil(bytes, batch);
  return bytes;
}

/**
 * Where the rest is whole, opening believes what was flushed by its headers, and whoever reads the damaged record is
 * told.
 */
function said({ here, chunks }: Script, kind: string): Row["here"] {
  const damaged = chunks.findIndex(({ bad: isBad }) => isBad);
  const isWitnessed = damaged >= 0 && chunks.some(({ flushed }) => flushed > damaged);
  const flushed = Math.max(...chunks.map((chunk) => chunk.flushed));
  const isRestWhole = chunks.every(({ bad: isBad }, index) => !isBad || index < flushed);
  if (kind === payload && isWitnessed && isRestWhole) return `CORRUPT when read, behind ${damaged} records`;
  if (here === "corrupt" || (kind === payload && isWitnessed)) return "CORRUPT when opened";
  if (here === chunks.length) return `sound, ${here} records`;
  const isZeros = kind === "zeros" && chunks.every(({ bad: isBad }) => isBad);
  return isZeros ? `sound, ${here} records` : `torn, ${here} records`;
}

for (const { kind, spoil } of kinds) {
  const rows = scripts.map((script): Row => ({
    name: `${script.name} (${kind})`,
    there: script.there,
    values: script.chunks.map(() => 300),
    damage: (batches) => (bytes) => forged(script.chunks, spoil, batches, bytes),
    here: said(script, kind),
  }));
  ported("Pebble", rows);
}
