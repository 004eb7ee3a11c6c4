/**
 * Lengths that point past the end of the file. A length is bounded by the file, and nothing is allocated by
 * it, whatever the checksums say: no read may ask for more than the file holds.
 */
import { describe, expect, test } from "vitest";
import type { Storage } from "../../src/index.ts";
import { wrapped } from "./failing-storage.ts";
import type { FolderBytes } from "./folder.ts";
import { setField } from "./forge.ts";
import { outcomeOf, strangerSays } from "./outcome.ts";
import { places, Victim, victims } from "./victim.ts";

/** Opens and reads, and answers with the outcome the largest buffer that was allocated to read into. */
async function greed(files: FolderBytes): Promise<{ verdict: string; offsets: number[]; largest: number }> {
  let largest = 0;
  const watch = (storage: Storage) =>
    wrapped(storage, (file) => ({
      read: (target, position) => {
        largest = Math.max(largest, target.buffer.byteLength);
        return file.read(target, position);
      },
    }));
  const { verdict, offsets } = await outcomeOf(files, Victim.topic, { wrap: watch });
  return { verdict, offsets, largest };
}

const sizeOf = (victim: Victim) => Math.max(...[...victim.files.values()].map(({ length }) => length));
/** A batch header, the first piece of a start, and the trailer of a close are read before anything is known. */
const fixedBytes = 4096;

for (const victim of victims) {
  describe(`in a log that was ${victim.closed ? "" : "not "}closed`, () => {
    test("the whole log is read without a buffer larger than a file", async () => {
      const { largest } = await greed(victim.files);
      expect(largest).toBeLessThanOrEqual(Math.max(sizeOf(victim), fixedBytes));
      expect(largest).toBeGreaterThan(64);
    });

    for (const beyond of [8, 4096, 2 ** 20, 2 ** 28, 2 ** 28 + 8, 2 ** 32 - 8]) {
      for (const mending of ["nothing", "everything"] as const) {
        const sums = mending === "nothing" ? "a wrong checksum" : "every checksum right";
        test(`a length of ${beyond} more than the file, with ${sums}, is bounded by the file`, async () => {
          for (const index of [0, 1]) {
            for (const place of places) {
              const batch = victim.batch(index, place);
              const length = Math.min(2 ** 32 - 8, sizeOf(victim) + beyond);
              const change = (bytes: Uint8Array) => setField(bytes, batch, "length", length);
              const files = victim.mutate(index, batch, change, mending);
              const { verdict, largest } = await greed(files);
              const vouched = index === 0 || victim.closed || place !== "last data batch";
              expect(verdict, `${place} of segment ${index}`).toBe(vouched ? "CORRUPT" : "torn");
              expect(strangerSays(files)).toBe(verdict);
              expect(largest).toBeLessThanOrEqual(Math.max(sizeOf(victim), fixedBytes));
            }
          }
        });
      }
    }
  });
}

test("a length past the end of the file is noticed where its records are only passed by", async () => {
  for (const victim of victims) {
    for (const index of [0, 1]) {
      const batch = victim.batch(index, "first data batch");
      const change = (bytes: Uint8Array) => setField(bytes, batch, "length", sizeOf(victim) + 8);
      const files = victim.mutate(index, batch, change, "everything");
      const { verdict, offsets } = await outcomeOf(files, Victim.topic, { from: batch.base + 4 });
      expect([verdict, offsets]).toEqual(["CORRUPT", []]);
    }
  }
});

test("a file that ends anywhere in its last batch is torn there, and nothing is read behind its end", async () => {
  const victim = victims.find(({ closed }) => !closed)!;
  const { name } = victim.segments[1];
  const last = victim.batch(1, "last data batch");
  for (let length = last.position; length < last.end; length++) {
    const files = new Map(victim.files).set(name, victim.files.get(name)!.slice(0, length));
    const { verdict, offsets } = await greed(files);
    expect(verdict).toBe(length === last.position ? "sound" : "torn");
    expect(offsets.length).toBe(10);
    expect(strangerSays(files)).toBe(verdict);
  }
});
