/**
 * xxHash32: the library's against published values, and against the stranger's, which was written apart
 * from it.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checksum } from "../../src/format/checksum.ts";
import { xxHash32 } from "./decoder-bytes.ts";

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const ofText = (text: string) => new TextEncoder().encode(text);

/** The bytes that the tests of xxHash itself are made of: each is the top byte of a power of a prime. */
function sanityBuffer(length: number): Uint8Array {
  let state = 2654435761n;
  return Uint8Array.from({ length }, () => {
    const byte = Number((state >> 56n) & 255n);
    state = (state * 11400714785074694797n) & 0xffff_ffff_ffff_ffffn;
    return byte;
  });
}

describe("published values", () => {
  test.each([
    ["", 0x02cc5d05],
    ["a", 0x550d7456],
    ["ab", 0x4999fc53],
    ["abc", 0x32d153ff],
    ["abcd", 0xa3643705],
    ["abcde", 0x9738f19b],
    ["Nobody inspects the spammish repetition", 0xe2293b2f],
  ])("of %j", (text, sum) => {
    expect(checksum(viewOf(ofText(text)), 0, ofText(text).length)).toBe(sum);
    expect(xxHash32(ofText(text))).toBe(sum);
  });

  test.each([
    [1, 0xcf65b03e],
    [14, 0x1208e7e2],
    [222, 0x5bd11dbd],
  ])("of the first %i bytes of the buffer that xxHash is tested with", (length, sum) => {
    const bytes = sanityBuffer(length);
    expect(checksum(viewOf(bytes), 0, length)).toBe(sum);
    expect(xxHash32(bytes)).toBe(sum);
  });
});

const random = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("the library and the stranger agree", () => {
  test("on random bytes of every length from 0 to 200", () => {
    for (let length = 0; length <= 200; length++) {
      fc.assert(
        fc.property(random(length), (bytes) => {
          expect(checksum(viewOf(bytes), 0, length)).toBe(xxHash32(bytes));
        }),
        { numRuns: 10 },
      );
    }
  });

  test("on a piece in the middle of other bytes, at any alignment", () => {
    fc.assert(
      fc.property(random(200), fc.nat({ max: 200 }), fc.nat({ max: 200 }), (bytes, one, other) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        expect(checksum(viewOf(bytes), start, end)).toBe(xxHash32(bytes.slice(start, end)));
        const moved = new Uint8Array(203).subarray(3);
        moved.set(bytes);
        expect(checksum(viewOf(moved), start, end)).toBe(xxHash32(bytes.subarray(start, end)));
      }),
    );
  });

  test("on bytes that are all ones, where signed arithmetic goes wrong first", () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = new Uint8Array(length).fill(255);
      expect(checksum(viewOf(bytes), 0, length)).toBe(xxHash32(bytes));
    }
  });
});

test("every change within 32 aligned bits changes the checksum", () => {
  const bytes = sanityBuffer(60);
  const sum = xxHash32(bytes);
  fc.assert(
    fc.property(fc.nat({ max: 14 }), fc.integer({ min: 1, max: 0xffff_ffff }), (word, change) => {
      const changed = bytes.slice();
      const view = viewOf(changed);
      view.setUint32(word * 4, view.getUint32(word * 4) ^ change);
      expect(checksum(view, 0, 60)).not.toBe(sum);
    }),
    { numRuns: 2000 },
  );
});
