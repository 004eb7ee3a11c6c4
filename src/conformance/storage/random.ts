/** A long random life of a place, compared with a model of it after each step. */
import type { Place, StoredFile } from "../../storage.ts";
import type { Bench } from "../bench.ts";
import { Dice, pattern, segmentName } from "../bytes.ts";
import type { Check } from "../check.ts";
import type { Clause } from "../clause.ts";
import { ConformanceError, demand, demandSameBytes, demandSameNames, messageOf } from "../demand.ts";
import * as contract from "./contract.ts";

const steps = 150;

export const random: readonly Check[] = [
  {
    name: "a long random life of files reads like a model of it, also when the place is opened again",
    run: (bench) => told(bench, () => live(bench, { losesPower: false })),
  },
  {
    name: "a long random life of files with losses of power keeps whatever was flushed",
    needs: ["losePower"],
    run: (bench) => told(bench, () => live(bench, { losesPower: true })),
  },
];

/** What is known of one file: its bytes, and those of them that a flush has covered since. */
interface Known {
  bytes: Uint8Array;
  flushed: Uint8Array;
  file: StoredFile | undefined;
}

async function live(bench: Bench, { losesPower }: { losesPower: boolean }): Promise<void> {
  const dice = new Dice(bench.seed);
  const known = new Map<string, Known>();
  let created = 0;
  let place = await bench.place();
  for (let step = 0; step < steps; step++) {
    const what = dice.below(100);
    const names = [...known.keys()];
    if (names.length === 0 || (what < 8 && names.length < 5)) {
      known.set(...(await create(bench, place, segmentName(created++))));
      continue;
    }
    const name = dice.of(names);
    const entry = known.get(name)!;
    entry.file ??= await bench.openFile(place, name);
    if (what < 50) await write(bench, dice, entry, entry.file, step);
    else if (what < 75) await flush(entry, entry.file);
    else if (what < 80) {
      await bench.close(entry.file);
      entry.file = undefined;
    } else if (what < 86) await compare(bench, place, known);
    else if (what < 92) {
      if (names.length === 1) continue;
      await remove(bench, place, name, known, dice.below(2) === 0);
    } else if (losesPower) {
      await bench.losePower();
      place = await bench.place();
      await survive(bench, place, known);
    } else {
      for (const each of known.values())
        await flush(each, (each.file ??= await bench.openFile(place, nameOf(known, each))));
      place = await bench.reopened();
      for (const each of known.values()) each.file = undefined;
      await compare(bench, place, known);
    }
  }
  await compare(bench, place, known);
}

async function create(bench: Bench, place: Place, name: string): Promise<[string, Known]> {
  const file = await bench.filled(place, name, new Uint8Array(0));
  return [name, { bytes: new Uint8Array(0), flushed: new Uint8Array(0), file }];
}

async function write(bench: Bench, dice: Dice, entry: Known, file: StoredFile, step: number): Promise<void> {
  const { length } = entry.bytes;
  if (dice.below(10) === 0) {
    const size = dice.below(length + 1);
    await file.truncate(size);
    entry.bytes = entry.bytes.slice(0, size);
    entry.flushed = common(entry.flushed, entry.bytes);
    return;
  }
  // Mostly behind the end, as a log does, and sometimes over old bytes, as a recycled file has them.
  const position = dice.below(4) === 0 ? dice.below(length + 1) : length;
  const source = pattern(1 + dice.below(9000), step);
  await bench.write(file, source, position);
  const bytes = new Uint8Array(Math.max(length, position + source.length));
  bytes.set(entry.bytes);
  bytes.set(source, position);
  entry.bytes = bytes;
  entry.flushed = entry.flushed.slice(0, Math.min(position, entry.flushed.length));
}

async function flush(entry: Known, file: StoredFile): Promise<void> {
  await file.flush();
  entry.flushed = entry.bytes;
}

/** Removes a file, and flushes another, which makes the removal durable. */
async function remove(
  bench: Bench,
  place: Place,
  name: string,
  known: Map<string, Known>,
  reuse: boolean,
): Promise<void> {
  await bench.close(known.get(name)!.file!);
  await place.remove(name, { reuse });
  known.delete(name);
  const [other, entry] = [...known][0]!;
  await flush(entry, (entry.file ??= await bench.openFile(place, other)));
}

async function compare(bench: Bench, place: Place, known: Map<string, Known>): Promise<void> {
  demandSameNames(await place.list(), [...known.keys()], contract.place.list, "what the place lists");
  for (const [name, entry] of known) {
    entry.file ??= await bench.openFile(place, name);
    demandSameBytes(await bench.bytesOf(entry.file), entry.bytes, contract.file.write, name);
  }
}

/** What was flushed must be there; the model takes over whatever lies behind it. */
async function survive(bench: Bench, place: Place, known: Map<string, Known>): Promise<void> {
  demandSameNames(
    await place.list(),
    [...known.keys()],
    contract.file.flush,
    "what the place lists after a loss of power",
  );
  for (const [name, entry] of known) {
    entry.file = await bench.openFile(place, name);
    entry.bytes = await bench.bytesOf(entry.file);
    demandSurvivor(name, entry, contract.file.flush);
    await flush(entry, entry.file);
  }
}

function demandSurvivor(name: string, { bytes, flushed }: Known, clause: Clause): void {
  demand(
    bytes.length >= flushed.length,
    clause,
    () => `${name} was flushed up to ${flushed.length}, and has ${bytes.length} bytes after a loss of power.`,
  );
  demandSameBytes(bytes.subarray(0, flushed.length), flushed, clause, `${name} after a loss of power`);
}

function common(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.slice(0, Math.min(one.length, other.length));
}

function nameOf(known: Map<string, Known>, entry: Known): string {
  return [...known].find(([, each]) => each === entry)![0];
}

/** Adds the seed to whatever goes wrong. */
async function told(bench: Bench, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (cause) {
    const again = `It happens again with the option seed: ${bench.seed}.`;
    if (cause instanceof ConformanceError)
      throw new ConformanceError(`${cause.did} ${again}`, cause.clause, { cause });
    throw new Error(`${messageOf(cause)} ${again}`, { cause });
  }
}
