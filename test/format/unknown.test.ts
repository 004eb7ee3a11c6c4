/**
 * What a later release may write that this one does not know: flags, attributes, and kinds of control
 * record. They are an error of their own, not damage, and some may be skipped. What could not have been
 * written by any release, though its checksums are right, is damage.
 */
import { describe, expect, test } from "vitest";
import { MemoryDisk } from "../../adapters/memory/storage.ts";
import type { Segment } from "./decoder-segment.ts";
import { decodeLog } from "./decoder.ts";
import { type FolderBytes, takeFolder, withFile } from "./folder.ts";
import { relink, rewritePayload, setField } from "./forge.ts";
import { Bench } from "./golden-bench.ts";
import { outcomeOf, strangerSays } from "./outcome.ts";
import { Victim, victims } from "./victim.ts";

const upTo = (next: number) => Array.from({ length: next }, (_, offset) => offset);

/** A log of two segments with a `first` control record in each, which the tests change into another one. */
async function withControls(): Promise<FolderBytes> {
  const bench = new Bench("sync", new MemoryDisk());
  const log = await bench.open({ topic: "controls" });
  for (let i = 0; i < 8; i++) {
    await log.append({ value: `value ${i}` });
    if (i === 1) await log.truncateBefore(1);
    if (i === 3) await log.rotate();
    if (i === 5) await log.truncateBefore(2);
  }
  return takeFolder(bench.disk, "controls/0");
}

const controlsIn = ({ batches }: Segment) => batches.filter(({ control }) => control?.is === "first");

describe("a control record of an unknown kind", async () => {
  const files = await withControls();
  const { segments } = decodeLog(files);

  /** Changes the kind of the control record in one segment, or in both. */
  const ofKind = (kind: number, which: readonly Segment[]): FolderBytes => {
    const changed = new Map([...files].map(([name, bytes]) => [name, bytes.slice()]));
    for (const segment of which) {
      const [control] = controlsIn(segment);
      rewritePayload(changed.get(segment.name)!, segment, control, (payload) => (payload[0] = kind));
    }
    if (which.includes(segments[0])) relink(changed, segments);
    return changed;
  };

  test("is there to be changed", () => {
    expect(segments.map((segment) => controlsIn(segment).length)).toEqual([1, 1]);
    expect(ofKind(3, segments)).toEqual(files);
  });

  test.each([128, 200, 255])("%i is skipped", async (kind) => {
    // The state at the start of the second segment still says that the first offset is 1.
    const changed = ofKind(kind, segments);
    expect(await outcomeOf(changed, "controls")).toMatchObject({
      verdict: "sound",
      offsets: [1, 2, 3, 4, 5, 6, 7],
    });
    expect(decodeLog(changed).records.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test.each([0, 6, 100, 127])("%i in an older segment is an error of the format", async (kind) => {
    expect((await outcomeOf(ofKind(kind, segments.slice(0, 1)), "controls")).verdict).toBe("FORMAT");
  });

  test.each([0, 6, 100, 127])("%i in either segment is an error of the format to the decoder", (kind) => {
    for (const segment of segments) expect(strangerSays(ofKind(kind, [segment]))).toBe("FORMAT");
  });

  test.each([0, 6, 100, 127])("%i in the last segment is an error of the format", async (kind) => {
    const changed = ofKind(kind, segments.slice(1));
    const outcome = await outcomeOf(changed, "controls");
    expect(outcome).toMatchObject({ verdict: "FORMAT", offsets: [] });
    expect(outcome.message).toMatch(new RegExp(`\\bkind ${kind}\\b`));
  });
});

/** A varint of 2^53 - 1. */
const far = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];

describe("a record", () => {
  const [victim] = victims;

  const changed = (index: number, change: (payload: Uint8Array) => void): FolderBytes => {
    const segment = victim.segments[index];
    const files = withFile(victim.files, segment.name, (bytes) => {
      rewritePayload(bytes, segment, victim.batch(index, "middle data batch"), change);
      return bytes;
    });
    if (index === 0) relink(files, victim.segments);
    return files;
  };

  test.each([32, 64, 128])("with the unknown flag %i is an error of the format", async (flag) => {
    for (const index of [0, 1]) {
      const files = changed(index, (payload) => (payload[0] |= flag));
      const { verdict, offsets } = await outcomeOf(files, Victim.topic);
      expect([verdict, offsets]).toEqual(["FORMAT", upTo(2 + index * 6)]);
      expect(strangerSays(files)).toBe("FORMAT");
    }
  });

  test.each([
    ["a value longer than its payload", [0, 0x7f]],
    ["a value of 2^53 - 1 bytes", [0, ...far]],
    ["a key of 2^53 - 1 bytes", [1, ...far]],
    ["2^53 - 1 headers", [2, ...far]],
    ["a header name that is not UTF-8", [2, 1, 1, 0xff, 0, 0]],
    ["less than its payload holds", [0, 0, 0, 0]],
  ])("with %s is damage", async (_what, bytes) => {
    for (const index of [0, 1]) {
      const files = changed(index, (payload) => payload.set(bytes));
      const { verdict, offsets } = await outcomeOf(files, Victim.topic);
      expect(verdict).toBe("CORRUPT");
      expect(offsets.slice(0, 2 + index * 6)).toEqual(upTo(2 + index * 6));
      expect(strangerSays(files)).toBe("CORRUPT");
    }
  });
});

const seven = (byte: number) => Array.from({ length: 7 }, () => byte);

describe("a number that is longer or larger than the format has it", async () => {
  const bench = new Bench("sync", new MemoryDisk());
  const log = await bench.open({ topic: "numbers" });
  await log.append({ value: new Uint8Array(12) });
  const files = takeFolder(bench.disk, "numbers/0");
  const [segment] = decodeLog(files).segments;
  const withPayload = (payload: number[]) =>
    withFile(files, segment.name, (bytes) => {
      rewritePayload(bytes, segment, segment.batches[1], (old) => old.fill(0).set(payload));
      return bytes;
    });

  test.each([
    ["a length in 8 bytes", [0, ...seven(0x80), 0]],
    ["a delta below 2^53", [8, ...seven(0xff), 0x07, 0]],
  ])("is not %s", async (_what, payload) => {
    expect(await outcomeOf(withPayload(payload), "numbers")).toMatchObject({
      verdict: "sound",
      offsets: [0],
    });
  });

  test.each([
    ["a length in 9 bytes", [0, ...seven(0x80), 0x80, 0]],
    ["a delta above 2^53", [8, ...seven(0xff), 0x10, 0]],
  ])("is damage: %s", async (_what, payload) => {
    expect(await outcomeOf(withPayload(payload), "numbers")).toMatchObject({
      verdict: "CORRUPT",
      offsets: [],
    });
    expect(strangerSays(withPayload(payload))).toBe("CORRUPT");
  });
});

/** The batches of records in one segment, each turned into a control record in its turn. */
const asControls = (index: number, victim: Victim): FolderBytes[] =>
  victim.data(index).map((batch) => {
    const change = (bytes: Uint8Array) => setField(bytes, batch, "attributes", 1);
    return victim.mutate(index, batch, change, "everything");
  });

const verdictsOf = async (index: number, victim: Victim): Promise<string[]> => {
  const found: string[] = [];
  for (const files of asControls(index, victim)) found.push((await outcomeOf(files, Victim.topic)).verdict);
  return found;
};

describe("records in a batch that says it is a control record, with every checksum right,", () => {
  // The flags of the first record are 0, and there is no control record of kind 0.
  const errors = ["FORMAT", "FORMAT", "FORMAT"];
  const [closed, open] = victims;

  test("are an error of the format to the decoder", () => {
    for (const victim of victims) {
      for (const index of [0, 1]) expect(asControls(index, victim).map(strangerSays)).toEqual(errors);
    }
  });

  test("in the last segment are an error of the format where the log was not closed", async () => {
    expect(await verdictsOf(1, open)).toEqual(errors);
  });

  test("in the last segment of a closed log are an error of the format", async () => {
    expect(await verdictsOf(1, closed)).toEqual(errors);
  });
  test("in an older segment are an error of the format", async () => {
    expect(await verdictsOf(0, open)).toEqual(errors);
  });
});

test("a control record in a batch that says it is records is an error, and its offsets are none", async () => {
  for (const victim of victims) {
    for (const [index, { batches }] of victim.segments.entries()) {
      const change = (bytes: Uint8Array) => setField(bytes, batches[0], "attributes", 0);
      const files = victim.mutate(index, batches[0], change, "everything");
      expect((await outcomeOf(files, Victim.topic)).verdict).toBe("CORRUPT");
      expect(strangerSays(files)).toBe("CORRUPT");
    }
  }
});
