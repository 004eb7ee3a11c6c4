/**
 * Which single bit, had it flipped, would explain that a checksum is not right. Every step of xxHash32
 * can be undone, so the bit is found in one pass back through the bytes, whatever their number: at each
 * word, the state before it is known from one side and the state behind it from the other.
 */
import { readBatchHeader, type BatchHeader } from "./batch-header.ts";
import { primes } from "./checksum.ts";
import { batchHeader } from "./layout.ts";

const { prime1, prime2, prime3, prime4, prime5 } = primes;
const stripeBytes = 16;
const laneTurns = [1, 7, 12, 18] as const;
const undo1 = inverse(prime1);
const undo2 = inverse(prime2);
const undo3 = inverse(prime3);
const undo4 = inverse(prime4);

/**
 * The bits of `[start, end)`, a multiple of four bytes, each of which would make their checksum
 * `expected`. A bit is counted from `start`, the lowest of each byte first.
 */
export function flippedBits(view: DataView, start: number, end: number, expected: number): number[] {
  const found: number[] = [];
  const note = (at: number, word: number): void => {
    const bit = onlyBit(view.getInt32(at, true) ^ word);
    if (bit !== undefined) found.push((at - start) * 8 + bit);
  };
  const length = end - start;
  const stripesEnd = end - (length % stripeBytes);
  const lanes = lanesOf(view, start, stripesEnd);
  const words: { at: number; before: number }[] = [];
  let state = length < stripeBytes ? prime5 : sumOf(lanes);
  state = (state + length) | 0;
  for (let at = stripesEnd; at < end; at += 4) {
    words.push({ at, before: state });
    const word = view.getInt32(at, true);
    state = Math.imul(turn((state + Math.imul(word, prime3)) | 0, 17), prime4);
  }

  let wanted = undoMixing(expected);
  for (const { at, before } of words.toReversed()) {
    const mixed = turn(Math.imul(wanted, undo4), 32 - 17);
    note(at, Math.imul(mixed - before, undo3));
    wanted = (mixed - Math.imul(view.getInt32(at, true), prime3)) | 0;
  }
  if (length < stripeBytes) return found;
  lanes.forEach((lane, index) => {
    const turns = laneTurns[index]!;
    const others = sumOf(lanes) - turn(lane, turns);
    let actual = lane;
    let needed = turn(wanted - length - others, 32 - turns);
    for (let at = stripesEnd - stripeBytes + index * 4; at >= start; at -= stripeBytes) {
      const product = Math.imul(view.getInt32(at, true), prime2);
      const mixed = turn(Math.imul(needed, undo1), 32 - 13);
      actual = (turn(Math.imul(actual, undo1), 32 - 13) - product) | 0;
      note(at, Math.imul(mixed - actual, undo2));
      needed = (mixed - product) | 0;
    }
  });
  return found;
}

/** The same for a batch header of which more is known than its checksum: what `fits` says. */
export function flippedHeaderBits(
  bytes: Uint8Array,
  position: number,
  fits: (header: BatchHeader) => boolean,
): number[] {
  const found: number[] = [];
  const copy = bytes.slice(0, batchHeader.bytes);
  const view = new DataView(copy.buffer);
  for (let bit = 0; bit < copy.length * 8; bit++) {
    const flipped = 1 << (bit & 7);
    copy[bit >>> 3]! ^= flipped;
    const header = readBatchHeader(view, 0, position);
    if (header !== undefined && fits(header)) found.push(bit);
    copy[bit >>> 3]! ^= flipped;
  }
  return found;
}

/** The number of the only bit that is set, or `undefined` when that is not so. */
export function onlyBit(word: number): number | undefined {
  return word !== 0 && (word & (word - 1)) === 0 ? 31 - Math.clz32(word) : undefined;
}

function lanesOf(view: DataView, start: number, end: number): Int32Array {
  const lanes = Int32Array.of(prime1 + prime2, prime2, 0, -prime1);
  for (let at = start; at < end; at += 4) {
    const lane = ((at - start) >>> 2) & 3;
    const mixed = (lanes[lane]! + Math.imul(view.getInt32(at, true), prime2)) | 0;
    lanes[lane] = Math.imul(turn(mixed, 13), prime1);
  }
  return lanes;
}

function sumOf(lanes: Int32Array): number {
  return lanes.reduce((sum, lane, index) => (sum + turn(lane, laneTurns[index]!)) | 0, 0);
}

/** From a finished hash back to what went into its last mixing. */
function undoMixing(hash: number): number {
  const high = hash ^ (hash >>> 16);
  const second = Math.imul(high, undo3);
  const middle = second ^ (second >>> 13) ^ (second >>> 26);
  const first = Math.imul(middle, undo2);
  return first ^ (first >>> 15) ^ (first >>> 30);
}

function turn(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** The number that undoes a multiplication by an odd one, modulo 2^32. Each step doubles the bits that are right. */
function inverse(factor: number): number {
  let result = factor;
  for (let step = 0; step < 5; step++) result = Math.imul(result, 2 - Math.imul(factor, result));
  return result;
}
