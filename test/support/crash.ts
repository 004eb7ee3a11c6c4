/**
 * Crashes at every single operation. While a log works, what a crash would leave is photographed before
 * each operation that changes the disk, in several ways that a disk may choose; later, a log is opened on
 * each photograph, is crashed again, and must say the same every time.
 */
import { expect } from "vitest";
import { MemoryFile } from "../../adapters/memory/file.ts";
import { MemoryDisk, type MemoryFolder } from "../../adapters/memory/storage.ts";
import { printed, summaryOf, type Summary } from "./content.ts";
import type { Call } from "./faulty-storage.ts";
import { type LogSettings, type Machine, type Model, place } from "./machine.ts";

export interface Photograph {
  readonly disk: MemoryDisk;
  /** How the disk chose, and before which operation. */
  readonly title: string;
}

const path = place.join("/");
const changing = new Set(["create", "write", "truncate", "flush", "remove"]);

/** Takes photographs of `machine` for as long as `work` runs, and one at its end. */
export async function photographed(machine: Machine, work: () => Promise<unknown>): Promise<Photograph[]> {
  const photographs: Photograph[] = [];
  let count = 0;
  const watch = (call: Call): void => {
    if (changing.has(call.op)) photographs.push(...photograph(machine.disk(), call, ++count));
  };
  machine.watch = watch;
  try {
    await work();
  } finally {
    machine.watch = undefined;
  }
  photographs.push(...photograph(machine.disk(), undefined, count + 1));
  return photographs;
}

/** What may be left of `disk` when it is interrupted before `call`. */
function photograph(disk: MemoryDisk, call: Call | undefined, count: number): Photograph[] {
  const now = disk.folder(path);
  const flushed = disk.losePower().folder(path);
  const title = call === undefined ? "at the end" : `before ${call.op} ${call.name}, change ${count}`;
  const taken: Photograph[] = [];
  const take = (how: string, files: Map<string, Uint8Array>): void => {
    taken.push({ title: `${how} ${title}`, disk: diskOf(files) });
  };
  take("flushed bytes and names", bytesOf(flushed));
  take("written bytes and names", bytesOf(now));
  take(
    "flushed bytes, new names",
    new Map([...now.names].map(([name, file]) => [name, read(file.survivor())])),
  );
  take(
    "written bytes, old names",
    new Map([...flushed.names].map(([name, file]) => [name, read(now.names.get(name) ?? file)])),
  );
  // Of several changes of names, each may or may not have reached the disk.
  const names = [...new Set([...flushed.names.keys(), ...now.names.keys()])].toSorted();
  for (const half of [0, 1]) {
    const some = names.flatMap((name, index): [string, Uint8Array][] => {
      const file = (index % 2 === half ? flushed : now).names.get(name);
      return file === undefined ? [] : [[name, read(file)]];
    });
    take(`some names (${half})`, new Map(some));
  }
  if (call?.op === "write") {
    const { source, position } = call;
    const middle = source!.length >> 1;
    const parts = { first: source!.subarray(0, middle), second: source!.subarray(middle) };
    for (const [which, part] of Object.entries(parts)) {
      const files = bytesOf(now);
      files.set(
        call.name,
        overwritten(files.get(call.name)!, part, position! + part.byteOffset - source!.byteOffset),
      );
      take(`the ${which} half of the write,`, files);
    }
  }
  return taken;
}

/** A log in the middle of its life, and what is then done to it, step by step. */
export interface Story {
  readonly settings?: LogSettings;
  prepare(machine: Machine): Promise<void>;
  readonly steps: readonly Step[];
}

export interface Step {
  run(machine: Machine): Promise<unknown>;
  /** A record that nobody was promised, and that may be there or not until the next step is done. */
  readonly unsure?: string;
}

/**
 * Tells `story` and crashes it before each change. What is found then is what was there before the
 * step or behind it, nothing between, and the same however often it crashes from there on. Answers the
 * number of crashes.
 */
export async function crashEverywhere(model: Model, story: Story): Promise<number> {
  const machine = model.build();
  await story.prepare(machine);
  const found = new Map<string, Summary>();
  let before = await stateOf(model, machine, story);
  let crashes = 0;
  let unsure: string | undefined;
  for (const step of story.steps) {
    const photographs = await photographed(machine, () => step.run(machine));
    const after = await stateOf(model, machine, story);
    const doubts = new Set([unsure, step.unsure]);
    let reached = before;
    for (const { disk, title } of photographs) {
      const key = fingerprint(disk);
      const state = found.get(key) ?? (await survives(model, disk, story, title));
      found.set(key, state);
      crashes++;
      const isEnd = title.includes("at the end");
      const allowed = (isEnd ? [after] : [before, after]).map(told);
      const certain = state.values.length > 0 && doubts.has(state.values.at(-1)) ? withoutLast(state) : state;
      expect(allowed, title).toContain(told(isEnd && step.unsure === undefined ? state : certain));
      // What was flushed once does not come undone by what happens later.
      if (!title.startsWith("flushed bytes and names")) continue;
      if (told(reached) === told(after)) expect(told(certain), title).toBe(told(after));
      reached = certain;
    }
    before = after;
    unsure = step.unsure;
  }
  return crashes;
}

/**
 * Opens the log on `disk`, and answers what it finds. On a disk that answers at once it is crashed
 * again at each change that opening it makes, and at each of the next append.
 */
async function survives(model: Model, disk: MemoryDisk, story: Story, title: string): Promise<Summary> {
  const machine = model.build(disk);
  let found: Summary | undefined;
  const crashes = await photographed(machine, async () => {
    const log = await machine.open(story.settings);
    found = await summaryOf(log);
    const { next } = log;
    expect(await log.append({ value: "the next" }), title).toMatchObject({ offset: next });
  });
  const seen = new Set<string>();
  for (const again of model.holds ? crashes.slice(-1) : crashes) {
    const key = fingerprint(again.disk);
    if (seen.has(key)) continue;
    seen.add(key);
    const log = await model.build(again.disk).open(story.settings);
    const summary = await summaryOf(log);
    const isAppended = summary.values.at(-1) === "the next";
    if (again.title.includes("at the end")) expect(isAppended, `${title}, then ${again.title}`).toBe(true);
    const others = told(isAppended ? withoutLast(summary) : summary);
    expect(others, `${title}, then ${again.title}`).toBe(told(found!));
  }
  return found!;
}

/** What the log says, or if it is closed, what a log says that is opened on a copy. */
async function stateOf(model: Model, machine: Machine, story: Story): Promise<Summary> {
  const copy = model.build(diskOf(bytesOf(machine.disk().folder(path))));
  const reopened = await summaryOf(await copy.open(story.settings));
  const live = machine.latest();
  return live === undefined ? reopened : summaryOf(live).catch(() => reopened);
}

function fingerprint(disk: MemoryDisk): string {
  return printed(bytesOf(disk.folder(path))).join("\n");
}

function told({ first, next, durable, values }: Summary): string {
  return `${first}..${next} durable ${durable}: ${values.map((value) => value.slice(0, 12)).join(", ")}`;
}

function withoutLast({ first, next, durable, values }: Summary): Summary {
  return { first, next: next - 1, durable: durable - 1, values: values.slice(0, -1) };
}

function bytesOf(folder: MemoryFolder): Map<string, Uint8Array> {
  const names = [...folder.names.keys()].toSorted();
  return new Map(names.map((name) => [name, read(folder.names.get(name)!)]));
}

function read(file: MemoryFile): Uint8Array {
  const bytes = new Uint8Array(file.size);
  file.read(bytes, 0);
  return bytes;
}

function overwritten(bytes: Uint8Array, part: Uint8Array, position: number): Uint8Array {
  const result = new Uint8Array(Math.max(bytes.length, position + part.length));
  result.set(bytes);
  result.set(part, position);
  return result;
}

function diskOf(files: ReadonlyMap<string, Uint8Array>): MemoryDisk {
  const disk = new MemoryDisk();
  const folder = disk.folder(path);
  for (const [name, bytes] of files) {
    const file = new MemoryFile();
    file.write(bytes, 0);
    file.flush();
    folder.names.set(name, file);
  }
  folder.flushNames();
  return disk;
}
