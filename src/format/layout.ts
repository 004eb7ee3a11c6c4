/**
 * Every constant of the byte format, beside its byte ruler. FORMAT.md says the same in prose.
 * All integers are little-endian. Nothing here reads or writes a byte.
 */

/**
 * Segment header, 32 bytes, at position 0.
 *
 *      0       4    6    8                                      28       32
 *      +-------+----+----+--------------------------------------+--------+
 *      | SQWL  | v  | tl | topic, first 20 bytes, zero-padded   | part.  |
 *      +-------+----+----+--------------------------------------+--------+
 */
export const segmentHeader = {
  bytes: 32,
  magic: 0x4c575153, // "SQWL" read as a little-endian u32
  version: 1,
  topicBytes: 20,
  at: { magic: 0, version: 4, topicLength: 6, topic: 8, partition: 28 },
} as const;

/**
 * Batch header, 64 bytes, at a position that is a multiple of 8.
 *
 *      0        4        8        12       16                24       28    30    32
 *      +--------+--------+--------+--------+-----------------+--------+-----+-----+
 *      | check  | length | posit. | epoch  | base offset     | count  | att | 0   |
 *      +--------+--------+--------+--------+-----------------+--------+-----+-----+
 *      32                40                48       52       56       60       64
 *      +-----------------+-----------------+--------+--------+--------+--------+
 *      | base timestamp  | max timestamp   | paylo. | prev.  | water. | 0      |
 *      +-----------------+-----------------+--------+--------+--------+--------+
 */
export const batchHeader = {
  bytes: 64,
  alignment: 8,
  at: {
    checksum: 0,
    length: 4,
    position: 8,
    epoch: 12,
    baseOffset: 16,
    count: 24,
    attributes: 28,
    reserved: 30,
    baseTimestamp: 32,
    maxTimestamp: 40,
    payloadChecksum: 48,
    previousChecksum: 52,
    watermark: 56,
    reserved2: 60,
  },
} as const;

/** Bits of a batch's attributes. Any other bit set is an error of code FORMAT. */
export const attribute = {
  /** The payload is one control record. */
  control: 1,
  /** The payload begins with a producer block. */
  producer: 2,
} as const;

/** Bits of a record's flags byte. Any other bit set is an error of code FORMAT. */
export const recordFlag = {
  key: 1,
  headers: 2,
  kind: 4,
  /** The timestamp is the batch's base timestamp plus a delta. */
  later: 8,
  /** The timestamp is the batch's base timestamp minus a delta. */
  earlier: 16,
} as const;

/** The kinds of control record. A reader skips an unknown kind of `ignorable` or above. */
export const controlKind = { start: 1, seal: 2, first: 3, close: 4, lost: 5, ignorable: 128 } as const;

/** Why a segment was begun. */
export const startReason = { first: 0, rotation: 1, failure: 2, unclean: 3, truncation: 4 } as const;

/** The largest numbers that the format holds. */
export const limit = {
  /** Offsets and timestamps: the largest safe integer. */
  offset: Number.MAX_SAFE_INTEGER,
  epoch: 0xffff_ffff,
  partition: 0xffff_ffff,
  /** The largest kind a record of the user may have. */
  kind: 127,
  /** The largest payload of one batch. */
  batchBytes: 2 ** 28,
  /** The largest position in a segment at which a batch may begin. Positions stay below 2^31. */
  segmentBytes: 2 ** 30,
  producerIdBytes: 255,
} as const;

export function align(position: number): number {
  return (position + batchHeader.alignment - 1) & -batchHeader.alignment;
}
