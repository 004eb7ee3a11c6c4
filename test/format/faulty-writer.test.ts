/**
 * Batch headers that a faulty writer could have made: single fields are wrong and the checksums are right.
 * First only the header's own checksum, so that the batch behind tells; then every checksum that depends on
 * it, so that nothing but the meaning of the field can tell.
 */
import { describe, expect, test } from "vitest";
import type { Batch } from "./decoder-batch.ts";
import { batchFields, setField, setNumber } from "./forge.ts";
import { outcomeOf, strangerSays } from "./outcome.ts";
import { places, Victim, victims } from "./victim.ts";

const upTo = (next: number) => Array.from({ length: next }, (_, offset) => offset);
const titleOf = (index: number, victim: Victim) =>
  `the ${index === 0 ? "older" : "last"} segment of a log that was ${victim.closed ? "" : "not "}closed`;

/** Another value of a field, that could be legal but for `attributes` and the zeros. */
function other(name: string, batch: Batch): number {
  if (name === "length") return batch.length + 8;
  if (name === "attributes") return batch.attributes + 4;
  if (name === "watermark") return Math.max(0, batch.watermark - 8);
  if (name === "base offset") return batch.base + 1;
  if (name === "base timestamp") return batch.baseTimestamp - 1;
  const key = { "max timestamp": "maxTimestamp", "payload checksum": "payloadChecksum" }[name] ?? name;
  const value = { ...batch, previous: 0, "previous checksum": batch.previous }[key];
  return typeof value === "number" ? value + 1 : 1;
}

/** What a batch can say alone: nothing behind it knows better. */
const said = ["count", "base timestamp", "max timestamp", "watermark"];

for (const victim of victims) {
  for (const index of victim.segments.keys()) {
    for (const place of places) {
      const batch = victim.batch(index, place);
      const vouched = index === 0 || victim.closed || place !== "last data batch";
      // What a close says of the batch before it is tested below.
      const unnoticed = victim.closed && index === 1 && place === "last data batch" ? said : [];
      const fields = batchFields.filter(({ name }) => name !== "checksum" && !unnoticed.includes(name));

      describe(`the ${place} of ${titleOf(index, victim)}`, () => {
        test.each(fields)("with another $name and the right checksum of its header", async ({ name }) => {
          if (name === "watermark" && place === "start") return;
          const change = (bytes: Uint8Array) => setField(bytes, batch, name, other(name, batch));
          const files = victim.mutate(index, batch, change, "the header");
          const { verdict, offsets } = await outcomeOf(files, Victim.topic);
          expect(strangerSays(files)).toBe(verdict);
          if (name === "attributes") expect(verdict).toBe("FORMAT");
          else if (place === "start" && index === 1 && name === "epoch") {
            // A file whose own batches end with its start, and old bytes of a lower epoch behind.
            expect([verdict, offsets]).toEqual(["torn", upTo(6)]);
          } else if (!victim.closed && index === 1 && place === "middle data batch" && said.includes(name)) {
            // The batch behind does not fit, and nothing vouches for that one.
            expect([verdict, offsets.slice(0, 10)]).toEqual(["torn", upTo(10)]);
          } else if (vouched) expect(verdict).toBe("CORRUPT");
          else if (said.includes(name)) expect([verdict, offsets.slice(0, 12)]).toEqual(["sound", upTo(12)]);
          else expect([verdict, offsets]).toEqual(["torn", upTo(10)]);
        });
      });
    }
  }
}

/** Values that break a rule of FORMAT.md which holds for a header alone, or with its neighbours. */
const illegal: [rule: string, field: string, value: (batch: Batch) => number][] = [
  ["a length that is no multiple of 8", "length", ({ length }) => length + 4],
  ["a length over the limit", "length", () => 2 ** 28 + 8],
  ["a shorter length", "length", ({ length }) => length - 8],
  ["another position", "position", ({ position }) => position + 8],
  ["another epoch", "epoch", ({ epoch }) => epoch + 1],
  ["an offset taken twice", "base offset", ({ base }) => Math.max(0, base - 1)],
  ["an offset left out", "base offset", ({ base }) => base + 1],
  ["an offset above 2^53", "base offset", () => 2 ** 53],
  ["something in the first zero", "first zero", () => 256],
  ["something in the second zero", "second zero", () => 256],
  ["a base timestamp above the highest", "base timestamp", ({ maxTimestamp }) => maxTimestamp + 1],
  ["a timestamp above 2^53", "max timestamp", () => 2 ** 53],
  ["another payload checksum", "payload checksum", ({ payloadChecksum }) => payloadChecksum ^ 1],
  ["another previous checksum", "previous checksum", ({ previous }) => previous ^ 1],
  ["a watermark behind its own position", "watermark", ({ position }) => position + 8],
  ["an unknown attribute", "attributes", ({ attributes }) => attributes | 32768],
];

for (const victim of victims) {
  describe(`in ${titleOf(1, victim)}, with every checksum right,`, () => {
    test.each(illegal)("%s", async (_rule, field, value) => {
      for (const index of [0, 1]) {
        for (const place of places) {
          const batch = victim.batch(index, place);
          if (field === "base offset" && value(batch) === batch.base) continue;
          // The link of the successor, or nothing, says what the first batch of a segment continues.
          if (field === "previous checksum" && place === "start") continue;
          const change = (bytes: Uint8Array) => setField(bytes, batch, field, value(batch));
          const files = victim.mutate(index, batch, change, "everything");
          const { verdict, offsets } = await outcomeOf(files, Victim.topic);
          const where = `${place} of segment ${index}`;
          expect(strangerSays(files), where).toBe(verdict);
          if (field === "attributes") expect(verdict, where).toBe("FORMAT");
          else if (place === "start" && index === 1 && field === "epoch") expect(verdict, where).toBe("torn");
          else if (index === 0 || victim.closed || place !== "last data batch")
            expect(verdict, where).toBe("CORRUPT");
          else expect([verdict, offsets], where).toEqual(["torn", upTo(10)]);
        }
      }
    });
  });
}

describe("a close that does not fit to the batch before it is no close", () => {
  const [victim] = victims;
  const last = victim.batch(1, "last data batch");
  const close = victim.segments[1].batches.at(-1)!;
  const verdictOf = async (batch: Batch, name: string): Promise<string> => {
    const change = (bytes: Uint8Array) => setField(bytes, batch, name, other(name, batch));
    return (await outcomeOf(victim.mutate(1, batch, change, "the header"), Victim.topic)).verdict;
  };

  test.each(said)("because the %s of that batch is another", async (name) => {
    expect(["CORRUPT", "torn"]).toContain(await verdictOf(last, name));
  });

  test.each(["base offset", "previous checksum"])("because of its own %s", async (name) => {
    expect(["CORRUPT", "torn"]).toContain(await verdictOf(close, name));
  });

  // No control record but `lost` takes offsets, and here one does, for which there are no records.
  test("because of its own count", async () => {
    expect(["CORRUPT", "torn"]).toContain(await verdictOf(close, "count"));
  });

  test.each(["length", "position", "epoch"])("because of its own %s", async (name) => {
    expect(await verdictOf(close, name)).toBe("torn");
  });

  test("because of the size at its end", async () => {
    const change = (bytes: Uint8Array) => setNumber(bytes, bytes.length - 4, 4, close.length);
    const files = victim.mutate(1, close, change, "nothing");
    expect(await outcomeOf(files, Victim.topic)).toMatchObject({ verdict: "torn", offsets: upTo(12) });
  });
});
