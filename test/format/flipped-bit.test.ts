/** The search for a single flipped bit, tried on every bit of short texts and on some of long ones. */
import { describe, expect, test } from "vitest";
import { readBatchHeader, writeBatchHeader } from "../../src/format/batch-header.ts";
import { checksum } from "../../src/format/checksum.ts";
import { flippedBits, flippedHeaderBits } from "../../src/format/flipped-bit.ts";

function text(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 167 + (index >> 3)) & 255);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function flip(bytes: Uint8Array, bit: number): void {
  bytes[bit >>> 3]! ^= 1 << (bit & 7);
}

describe("the flipped bit", () => {
  test.each([4, 8, 12, 16, 20, 32, 40, 44, 64, 120])("is found wherever it is in %i bytes", (length) => {
    const bytes = text(length);
    const expected = checksum(viewOf(bytes), 0, length);
    for (let bit = 0; bit < length * 8; bit++) {
      flip(bytes, bit);
      expect(flippedBits(viewOf(bytes), 0, length, expected)).toEqual([bit]);
      flip(bytes, bit);
    }
  });

  test("is found in a part of a large buffer", () => {
    const bytes = text(2 ** 20 + 8);
    const [start, end] = [24, bytes.length];
    const expected = checksum(viewOf(bytes), start, end);
    for (const bit of [0, 1_000_003, (end - start) * 8 - 1]) {
      flip(bytes.subarray(start), bit);
      expect(flippedBits(viewOf(bytes), start, end, expected)).toContain(bit);
      flip(bytes.subarray(start), bit);
    }
  });

  test("is none where two are flipped, or none is", () => {
    const bytes = text(64);
    const expected = checksum(viewOf(bytes), 0, 64);
    expect(flippedBits(viewOf(bytes), 0, 64, expected)).toEqual([]);
    flip(bytes, 3);
    flip(bytes, 200);
    expect(flippedBits(viewOf(bytes), 0, 64, expected)).toEqual([]);
  });

  test("is found wherever it is in a batch header, its checksum and its position included", () => {
    const bytes = new Uint8Array(64);
    writeBatchHeader(viewOf(bytes), 0, {
      length: 80,
      position: 4096,
      epoch: 3,
      baseOffset: 1000,
      count: 5,
      attributes: 0,
      baseTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_000_009,
      payloadChecksum: 0xdead_beef,
      previousChecksum: 0xcafe_f00d,
      watermark: 4000,
    });
    for (let bit = 0; bit < 512; bit++) {
      flip(bytes, bit);
      expect(readBatchHeader(viewOf(bytes), 0, 4096)).toBeUndefined();
      expect(flippedHeaderBits(bytes, 4096, (header) => header.baseOffset === 1000)).toEqual([bit]);
      expect(flippedHeaderBits(bytes, 4096, (header) => header.baseOffset === 1001)).toEqual([]);
      flip(bytes, bit);
    }
  });
});
