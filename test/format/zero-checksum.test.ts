/**
 * redpanda#4113: a checksum of 0 is a checksum like any other: a batch that has one is read, and not taken for
 * space that was never written. xxHash32 can be solved for four bytes, so such batches are made here from
 * values that are appended through the public interface.
 */
import { expect, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { openLog, openReader } from "../../src/index.ts";
import { xxHash32 } from "./decoder-bytes.ts";
import { decodeLog } from "./decoder.ts";
import { diskWith, type FolderBytes, takeFolder } from "./folder.ts";
import { setNumber } from "./forge.ts";
import { Bench } from "./golden-bench.ts";
import { recordsDecoded, recordsRead } from "./listing.ts";

/** A record of this value has a payload of 8 bytes: flags, length, and the value. */
const valueBytes = 6;

// The steps of xxHash32 are one to one: what follows takes them back, from the result to a word of the input.
const P = [2654435761, 2246822519, 3266489917, 668265263, 374761393] as const;
const turn = (number: number, by: number) => (number << by) | (number >>> (32 - by));
function inverse(odd: number): number {
  let guess = odd;
  for (let i = 0; i < 5; i++) guess = Math.imul(guess, 2 - Math.imul(odd, guess));
  return guess;
}
/** What the state was before the mixing at the end. */
function unmixed(sum: number): number {
  let state = sum ^ (sum >>> 16);
  state = Math.imul(state, inverse(P[2]));
  state = state ^ (state >>> 13) ^ (state >>> 26);
  state = Math.imul(state, inverse(P[1]));
  return state ^ (state >>> 15) ^ (state >>> 30);
}
const beforeWord = (state: number, word: number) =>
  (turn(Math.imul(state, inverse(P[3])), 15) - Math.imul(word, P[2])) | 0;

/** The value whose payload of 8 bytes has this checksum. */
function valueFor(sum: number): Uint8Array {
  const value = new Uint8Array(valueBytes);
  const [first] = new Uint32Array(Uint8Array.of(0, valueBytes, 0, 0).buffer);
  const afterFirst = Math.imul(turn((P[4] + 8 + Math.imul(first, P[2])) | 0, 17), P[3]);
  const wanted = turn(Math.imul(unmixed(sum), inverse(P[3])), 15);
  setNumber(value, 2, 4, Math.imul(wanted - afterFirst, inverse(P[2])) >>> 0);
  return value;
}

/** The payload checksum with which a header gets the checksum 0. It lies in the fourth lane of the third stripe. */
function payloadChecksumFor(header: Uint8Array): number {
  const view = new DataView(header.buffer, header.byteOffset + 4, 60);
  const word = (at: number) => view.getUint32(at, true);
  const lanes = [P[0] + P[1], P[1], 0, -P[0]];
  const round = (lane: number, input: number) =>
    Math.imul(turn((lane + Math.imul(input, P[1])) | 0, 13), P[0]);
  for (let at = 0; at < 44; at += 4) lanes[(at / 4) % 4] = round(lanes[(at / 4) % 4], word(at));
  let state = unmixed(0);
  for (const at of [56, 52, 48]) state = beforeWord(state, word(at));
  const others = turn(lanes[0], 1) + turn(lanes[1], 7) + turn(lanes[2], 12);
  const lane = turn((state - 60 - others) | 0, 14);
  return Math.imul(turn(Math.imul(lane, inverse(P[0])), 19) - lanes[3], inverse(P[1])) >>> 0;
}

async function filesWith(values: Uint8Array[], rotate: boolean): Promise<FolderBytes> {
  const bench = new Bench("sync", new MemoryDisk());
  const log = await bench.open({ topic: "zero" });
  for (const value of values) await log.append({ value });
  if (rotate) {
    await log.rotate();
    await log.append({ value: "behind" });
  }
  return takeFolder(bench.disk, "zero/0");
}

const lastBatch = (files: FolderBytes) =>
  decodeLog(files).segments[0].batches.findLast(({ records }) => records.length > 0)!;

async function expectRead(files: FolderBytes, count: number): Promise<void> {
  for (const verb of [openReader, openLog]) {
    const disk = await diskWith(files, "zero/0");
    const log = await verb({ storage: memoryStorage({ disk }), topic: "zero" });
    expect([log.first, log.next]).toEqual([0, count]);
    const records = await recordsRead(log);
    expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: count }, (_, offset) => offset));
    expect(recordsDecoded(decodeLog(files).records)).toEqual(records);
    await log.close();
  }
}

test("the value can be solved for any checksum of a payload", () => {
  for (const sum of [0, 1, 0xffff_ffff, 0x1234_5678]) {
    expect(xxHash32(Uint8Array.of(0, valueBytes, ...valueFor(sum)))).toBe(sum);
  }
});

test.each([false, true])("a batch whose payload has the checksum 0 is read (rotated: %s)", async (rotate) => {
  const files = await filesWith([valueFor(0), valueFor(0)], rotate);
  expect(lastBatch(files).payloadChecksum).toBe(0);
  await expectRead(files, rotate ? 3 : 2);
});

test.each([false, true])("a batch whose header has the checksum 0 is read (rotated: %s)", async (rotate) => {
  const draft = await filesWith([valueFor(1), valueFor(1)], false);
  const { position } = lastBatch(draft);
  const [bytes] = draft.values();
  const value = valueFor(payloadChecksumFor(bytes.subarray(position, position + 64)));
  const files = await filesWith([valueFor(1), value], rotate);
  expect(lastBatch(files).checksum).toBe(0);
  expect(decodeLog(files).segments.at(-1)!.start!.link?.checksum).toBe(rotate ? 0 : undefined);
  await expectRead(files, rotate ? 3 : 2);
});

test("a batch behind one whose header has the checksum 0 is read", async () => {
  const draft = await filesWith([valueFor(1)], false);
  const { position } = lastBatch(draft);
  const [bytes] = draft.values();
  const value = valueFor(payloadChecksumFor(bytes.subarray(position, position + 64)));
  const files = await filesWith([value, valueFor(1), valueFor(2)], false);
  const [, zero, next] = decodeLog(files).segments[0].batches;
  expect([zero.checksum, next.previous]).toEqual([0, 0]);
  await expectRead(files, 3);
});
