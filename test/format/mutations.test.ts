/**
 * Every field of the segment header and of the batch header, changed alone: the library must say so with a
 * coded error, or there is a reason why nobody can know. Each is changed as damage would (its checksum is
 * wrong then) and as a faulty writer would, who gets the checksums right.
 */
import { describe, expect, test } from "vitest";
import { xxHash32 } from "./decoder-bytes.ts";
import { withFile } from "./folder.ts";
import { batchFields, relink, rewritePayload, segmentFields, setField, setNumber } from "./forge.ts";
import { outcomeOf, strangerSays } from "./outcome.ts";
import { makeVictim, places, Victim, victims } from "./victim.ts";

const upTo = (next: number) => Array.from({ length: next }, (_, offset) => offset);
const flip =
  (at: number, bit: number) =>
  (bytes: Uint8Array): Uint8Array => {
    bytes[at] ^= bit;
    return bytes;
  };

for (const victim of victims) {
  for (const [index, segment] of victim.segments.entries()) {
    const which = `the ${index === 0 ? "older" : "last"} segment of a log that was ${victim.closed ? "" : "not "}closed`;

    describe(`the header of ${which}`, () => {
      for (const { name, at, size } of segmentFields) {
        const [low, high] = [0, size - 1].map((step) =>
          withFile(victim.files, segment.name, flip(at + step, 128)),
        );

        test(`with damage in its ${name}`, async () => {
          for (const files of [low, high]) {
            const outcome = await outcomeOf(files, Victim.topic);
            expect(outcome.verdict).toBe(name === "version" ? "FORMAT" : "CORRUPT");
            expect(outcome.offsets).toEqual([]);
            expect(strangerSays(files)).toBe(outcome.verdict);
          }
        });

        test(`with another ${name} and the right checksums`, async () => {
          const files = withFile(victim.files, segment.name, (bytes) => {
            bytes[at] ^= 1;
            const sum = xxHash32(bytes.subarray(0, 32));
            rewritePayload(bytes, segment, segment.batches[0], (payload) => setNumber(payload, 4, 4, sum));
            return bytes;
          });
          if (index === 0) relink(files, victim.segments);
          expect((await outcomeOf(files, Victim.topic)).verdict).toBe(
            name === "version" ? "FORMAT" : "CORRUPT",
          );
        });
      }

      test("of a newer version is refused by its number", async () => {
        const files = withFile(victim.files, segment.name, (bytes) => (setNumber(bytes, 4, 2, 258), bytes));
        const { verdict, message } = await outcomeOf(files, Victim.topic);
        expect(verdict).toBe("FORMAT");
        expect(message).toMatch(/\bversion is 258\b/);
      });
    });

    for (const place of places) {
      const batch = victim.batch(index, place);
      /** Only a later batch, a close or a link vouches for a batch. */
      const vouched = index === 0 || victim.closed || place !== "last data batch";
      const kept = upTo(vouched ? batch.base : 10);

      describe(`the ${place} of ${which}`, () => {
        test.each(batchFields)("with damage in its $name", async ({ at, size }) => {
          for (const step of [0, size - 1]) {
            for (const bit of [1, 128]) {
              const files = victim.mutate(index, batch, flip(batch.position + at + step, bit), "nothing");
              const outcome = await outcomeOf(files, Victim.topic);
              expect(outcome.verdict).toBe(vouched ? "CORRUPT" : "torn");
              if (!vouched) expect(outcome.offsets).toEqual(kept);
              expect(outcome.offsets).toEqual(kept.slice(0, outcome.offsets.length));
              expect(strangerSays(files)).toBe(outcome.verdict);
            }
          }
        });
      });
    }
  }
}

describe.each([true, false])("the only segment of a log (closed: %s)", async (closed) => {
  const victim = await makeVictim(closed, false);
  const [segment] = victim.segments;

  test("is never taken for one that was not finished being created", async () => {
    for (let at = 0; at < segment.batches[0].end; at++) {
      const outcome = await outcomeOf(withFile(victim.files, segment.name, flip(at, 1)), Victim.topic);
      expect(outcome.verdict, `position ${at}`).toBe(at === 4 || at === 5 ? "FORMAT" : "CORRUPT");
    }
  });
});

test("every single bit of a batch header counts", async () => {
  const [victim] = victims;
  const batch = victim.batch(1, "middle data batch");
  for (let bit = 0; bit < 64 * 8; bit++) {
    const files = victim.mutate(1, batch, flip(batch.position + (bit >> 3), 1 << (bit & 7)), "nothing");
    expect((await outcomeOf(files, Victim.topic)).verdict, `bit ${bit}`).toBe("CORRUPT");
  }
});

test("the victim itself is sound, so that what is wrong with the mutations is the mutation", async () => {
  for (const victim of victims) {
    const outcome = await outcomeOf(victim.files, Victim.topic);
    expect(outcome).toMatchObject({
      verdict: victim.closed ? "clean" : "sound",
      message: "",
      offsets: upTo(12),
    });
    expect(strangerSays(victim.files)).toBe("sound");
    const untouched = victim.mutate(0, victim.batch(0, "start"), () => undefined, "everything");
    expect(untouched).toEqual(victim.files);
    setField(untouched.get(victim.segments[0].name)!, { position: 32 }, "epoch", 7);
    expect(untouched).not.toEqual(victim.files);
  }
});
