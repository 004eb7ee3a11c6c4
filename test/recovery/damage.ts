/**
 * What befalls the files of a log while nobody has it open: bytes that change, files that go or come. It
 * works through the seam, so that it does the same on every backend, and it finds its way in a file with the
 * stranger's decoder, not with the library.
 */
import { expect } from "vitest";
import { type Log, WalError } from "../../src/index.ts";
import type { Batch } from "../format/decoder-batch.ts";
import { decodeSegment } from "../format/decoder-segment.ts";
import { printed } from "../support/content.ts";
import { type LogSettings, type Machine, place } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";

export type Edit = (bytes: Uint8Array) => Uint8Array;

/** Gives a file of the log other bytes, and makes it when it is missing. */
export async function put(
  machine: Machine,
  name: string,
  bytes: Uint8Array,
  path: readonly string[] = place,
): Promise<void> {
  const opened = (await machine.storage.open(path, { mode: "write" }))!;
  const exists = (await opened.list()).includes(name);
  const file = await (exists ? opened.open(name) : opened.create(name));
  await file.truncate(0);
  if (bytes.length > 0) await file.write(bytes, 0);
  await file.flush();
  await file.close();
  await opened.close();
}

export async function edit(machine: Machine, name: string, change: Edit): Promise<void> {
  const bytes = (await machine.files()).get(name);
  if (bytes === undefined) throw new Error(`there is no file ${name}`);
  await put(machine, name, change(bytes));
}

export async function remove(machine: Machine, name: string): Promise<void> {
  const opened = (await machine.storage.open(place, { mode: "write" }))!;
  await opened.remove(name, { reuse: false });
  await opened.close();
}

/** Flips one bit. */
export function flip(position: number): Edit {
  return (bytes) => {
    bytes[position]! ^= 1;
    return bytes;
  };
}

export function cut(end: number): Edit {
  return (bytes) => bytes.slice(0, end);
}

/** Puts bytes in place of what lies at `position`, and makes the file longer if they need it. */
export function overwrite(position: number, patch: Uint8Array): Edit {
  return (bytes) => {
    const changed = new Uint8Array(Math.max(bytes.length, position + patch.length));
    changed.set(bytes);
    changed.set(patch, position);
    return changed;
  };
}

export function zero(start: number, end: number): Edit {
  return overwrite(start, new Uint8Array(end - start));
}

/** The names of the segments, in the order of their offsets. */
export async function segmentsOf(machine: Machine): Promise<string[]> {
  return [...(await machine.files()).keys()].filter((name) => name.endsWith(".wal")).toSorted();
}

/** The valid batches of a segment, control batches included. */
export async function batchesOf(machine: Machine, name: string): Promise<Batch[]> {
  const segment = decodeSegment(name, (await machine.files()).get(name)!);
  if (segment === undefined) throw new Error(`${name} is no segment`);
  return segment.batches;
}

/** The batches of a segment that hold records. */
export async function recordBatchesOf(machine: Machine, name: string): Promise<Batch[]> {
  return (await batchesOf(machine, name)).filter(({ control }) => control === undefined);
}

/** Appends `count` records, each with a flush of its own. The value says the offset. */
export async function fill(log: Log, count: number, size = 0): Promise<void> {
  for (let index = 0; index < count; index++) {
    await log.append({ value: `${log.next} ${"x".repeat(size)}` });
  }
}

/** A log of several segments with three records each, the last of which is open or closed. */
export async function segmented(
  machine: Machine,
  { segments, closed, settings }: { segments: number; closed: boolean; settings?: LogSettings },
): Promise<string[]> {
  const log = await machine.open(settings);
  for (let segment = 0; segment < segments; segment++) {
    if (segment > 0) await log.rotate();
    await fill(log, 3);
  }
  if (closed) await log.close();
  else await machine.die();
  return segmentsOf(machine);
}

/** Opening is refused as `CORRUPT`, twice in the same words, and leaves every byte as it was. */
export async function corruption(machine: Machine, settings?: LogSettings): Promise<WalError> {
  const before = printed(await machine.files());
  const error = await refusal(machine.open(settings), "CORRUPT");
  expect(printed(await machine.files())).toEqual(before);
  expect((await refusal(machine.open(settings), "CORRUPT")).message).toBe(error.message);
  expect(printed(await machine.files())).toEqual(before);
  return error;
}
