/** That every method keeps its colour: it answers at once always, or with a promise always. */
import type { Eventually, Place, StoredFile } from "../../storage.ts";
import { pattern, segmentName } from "../bytes.ts";
import type { Check } from "../check.ts";
import { demand } from "../demand.ts";
import * as contract from "./contract.ts";

export const colour: readonly Check[] = [
  {
    name: "every method answers at once always, or with a promise always, whatever it has to do",
    async run(bench) {
      const colours = new Colours();
      for (let opening = 0; opening < 2; opening++) {
        await exercise(colours, await bench.place(), opening);
        await bench.closeAll();
      }
    },
  },
  {
    name: "every method of a place that is opened for reading keeps its colour",
    async run(bench) {
      const writer = await bench.place();
      await bench.filled(writer, segmentName(0), pattern(100_000, 1));
      await bench.filled(writer, segmentName(1), pattern(1, 1));
      await bench.closeAll();
      const colours = new Colours();
      const reader = await bench.reader();
      for (let turn = 0; turn < 2; turn++) {
        await colours.of("Place.list", () => reader.list());
        for (const name of [segmentName(0), segmentName(1)]) {
          const file = await colours.of("Place.open", () => reader.open(name));
          await exerciseReading(colours, file);
          await colours.of("StoredFile.close", () => file.close());
        }
      }
    },
  },
];

/** The first answer of each method, and what it was given for. */
class Colours {
  readonly #known = new Map<string, { isPromise: boolean; when: string }>();

  /** Makes one call, and compares its colour with that of the calls before. */
  async of<T>(method: string, call: () => Eventually<T>, when = ""): Promise<T> {
    const answer = call();
    const isPromise = typeof (answer as { then?: unknown } | undefined | null)?.then === "function";
    const known = this.#known.get(method);
    if (known === undefined) this.#known.set(method, { isPromise, when });
    else {
      demand(known.isPromise === isPromise, contract.anywhere.colour, () => {
        const [now, before] = [isPromise, known.isPromise].map((each) =>
          each ? "with a promise" : "at once",
        );
        return `${method} answered ${now}${when && ` ${when}`}, and ${before} ${known.when || "in an earlier call"}.`;
      });
    }
    return answer;
  }
}

async function exercise(colours: Colours, place: Place, opening: number): Promise<void> {
  const [kept, other, third] = [0, 1, 2].map((index) => segmentName(opening * 10 + index));
  await colours.of("Place.list", () => place.list(), "for a place just opened");
  const file = await colours.of("Place.create", () => place.create(kept!), "for a first file");
  await exerciseFile(colours, file);
  const second = await colours.of("Place.create", () => place.create(other!), "for a second file");
  await exerciseFile(colours, second);
  await colours.of("StoredFile.close", () => second.close());
  await colours.of("Place.remove", () => place.remove(other!, { reuse: true }), "for a file to be reused");
  await colours.of("StoredFile.flush", () => file.flush(), "after a removal");
  const recycled = await colours.of("Place.create", () => place.create(third!), "after a removal");
  await exerciseFile(colours, recycled);
  await colours.of("StoredFile.close", () => recycled.close());
  await colours.of(
    "Place.remove",
    () => place.remove(third!, { reuse: false }),
    "for a file not to be reused",
  );
  await colours.of("Place.list", () => place.list(), "after removals");
  await colours.of("StoredFile.close", () => file.close());
  for (let turn = 0; turn < 2; turn++) {
    const again = await colours.of("Place.open", () => place.open(kept!));
    await exerciseFile(colours, again);
    await colours.of("StoredFile.close", () => again.close());
  }
}

async function exerciseFile(colours: Colours, file: StoredFile): Promise<void> {
  await colours.of("StoredFile.flush", () => file.flush(), "with nothing written");
  for (const count of [0, 1, 4096, 65_536, 65_537, 1_000_000]) {
    await colours.of("StoredFile.write", () => file.write(pattern(count, 1), 0), `for ${count} bytes`);
    await colours.of("StoredFile.size", () => file.size(), `after a write of ${count} bytes`);
    if (count % 2 === 0) await colours.of("StoredFile.flush", () => file.flush(), `after ${count} bytes`);
  }
  await exerciseReading(colours, file);
  await colours.of("StoredFile.truncate", () => file.truncate(70_000), "to a shorter file");
  await colours.of("StoredFile.truncate", () => file.truncate(70_000), "to the same length");
  await colours.of("StoredFile.flush", () => file.flush(), "after a truncation");
  await colours.of("StoredFile.flush", () => file.flush(), "a second time");
  await exerciseReading(colours, file);
}

async function exerciseReading(colours: Colours, file: StoredFile): Promise<void> {
  const size = await colours.of("StoredFile.size", () => file.size());
  for (const [count, position] of [
    [0, 0],
    [1, 0],
    [64, 0],
    [65_537, 0],
    [size, 0],
    [64, size],
    [10, size - 5],
  ] as const) {
    const target = new Uint8Array(count);
    const when = `for ${count} bytes at position ${position} of ${size}`;
    await colours.of("StoredFile.read", () => file.read(target, Math.max(position, 0)), when);
  }
}
