/**
 * Files in the folder of a log that do not belong there: other people's files, segments of other logs,
 * copies under other names, segments of a release to come. Nothing of them is ever served as a record, and
 * what is not ours is left alone.
 */
import { describe, expect, test } from "vitest";
import { pathOf } from "../../src/format/names.ts";
import { openLog, openReader, verify } from "../../src/index.ts";
import { filesOf, linesOf, printed, valuesOf } from "../support/content.ts";
import { models } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";
import { corruption, edit, fill, overwrite, put, segmented, segmentsOf } from "./damage.ts";

const strangers = [
  "0.wal",
  "00000000000000000003.wal.bak",
  "00000000000000000003_1.wal",
  "notes.txt",
  "thumbs.db",
];

describe.each(models)("files of somebody else ($name)", (model) => {
  test("are left alone and reported, through all that a log does", async () => {
    const machine = model.build();
    for (const name of strangers) await put(machine, name, new TextEncoder().encode(`this is ${name}`));
    const theirs = async (): Promise<string[]> =>
      printed(new Map([...(await machine.files())].filter(([name]) => strangers.includes(name))));
    const before = await theirs();
    expect(before).toHaveLength(strangers.length);
    const log = await machine.open({ segment: { maxBytes: 400 } });
    expect(log.recovery).toMatchObject({ verdict: "new", foreign: strangers, first: 0, next: 0 });
    await fill(log, 12);
    await log.truncateBefore(8);
    await log.truncateAfter(9);
    await log.close();
    const again = await machine.open();
    expect(again.recovery).toMatchObject({ verdict: "clean", foreign: strangers, first: 8, next: 10 });
    await again.close();
    expect(await theirs()).toEqual(before);
  });

  test("may hold the bytes of a segment: the name is what counts", async () => {
    const machine = model.build();
    const [name] = await segmented(machine, { segments: 1, closed: true });
    const bytes = (await machine.files()).get(name!)!;
    await put(machine, "copy.wal", bytes);
    const log = await machine.open();
    expect(log.recovery).toMatchObject({ verdict: "clean", foreign: ["copy.wal"], next: 3 });
    expect((await machine.files()).get("copy.wal")).toEqual(bytes);
  });
});

describe.each(models)("a segment of another log ($name)", (model) => {
  test.each<[string, { topic: string; partition?: number }]>([
    ["topic", { topic: "payments" }],
    ["topic with a longer name", { topic: "orders-of-the-last-quarter" }],
    ["partition", { topic: "orders", partition: 7 }],
  ])("copied in, of another %s, is refused with its name", async (_, address) => {
    const machine = model.build();
    await segmented(machine, { segments: 1, closed: true });
    const log = await openLog({ storage: machine.storage, ...address });
    await fill(log, 3);
    await log.rotate();
    await fill(log, 1);
    await log.close();
    const other = await filesOf(machine.storage, pathOf(address.topic, address.partition ?? 0));
    const name = [...other.keys()].find((each) => each.includes("3"))!;
    await put(machine, name, other.get(name)!);

    const error = await corruption(machine);
    expect(error.segment).toBe(name);
    expect(error.message).toContain(address.topic);
  });

  // The 32 bytes are the same: only the start of the segment holds the whole topic.
  test("whose topic differs behind its first 20 bytes only is refused", async () => {
    const machine = model.build();
    const [one, other] = ["orders-of-the-last-quarter", "orders-of-the-last-quartet"];
    for (const each of [one, other]) {
      const log = await openLog({ storage: machine.storage, topic: each });
      await fill(log, 3);
      await log.close();
    }
    const name = "00000000000000000000.wal";
    await put(machine, name, (await filesOf(machine.storage, [other, "0"])).get(name)!, [one, "0"]);
    const error = await refusal(openLog({ storage: machine.storage, topic: one }), "CORRUPT");
    expect(error.message).toContain(other);
  });

  test("in the place of the only one is refused", async () => {
    const machine = model.build();
    const [name] = await segmented(machine, { segments: 1, closed: true });
    const log = await openLog({ storage: machine.storage, topic: "payments" });
    await fill(log, 2);
    await log.close();
    await put(machine, name!, (await filesOf(machine.storage, ["payments", "0"])).get(name!)!);
    expect(await corruption(machine)).toMatchObject({ segment: name });
  });
});

/** What no interrupted creation leaves behind: its first four bytes are those of a segment, or zero. */
const files: [string, Uint8Array][] = [
  ["text", new TextEncoder().encode("not a log at all\n".repeat(30))],
  ["three bytes", new TextEncoder().encode("no\n")],
  ["much of one byte", new Uint8Array(70_000).fill(7)],
  ["an unfinished header with one foreign byte", Uint8Array.of(83, 81, 0, 1)],
];

describe.each(models)("a file of somebody else under the name of the first segment ($name)", (model) => {
  test.each(files)("is refused, and not touched: %s", async (_, bytes) => {
    const machine = model.build();
    const name = "00000000000000000000.wal";
    await put(machine, name, bytes);
    const error = await corruption(machine);
    expect(error).toMatchObject({ segment: name, position: 0, first: 0 });
    expect(error.message).toContain("does not begin as a segment does");
    await refusal(openReader({ storage: machine.storage, topic: "orders" }), "CORRUPT");
    const report = await verify({ storage: machine.storage, topic: "orders" });
    expect(report).toMatchObject({ verdict: "corrupt", segments: [{ segment: name, verdict: "corrupt" }] });
    expect((await machine.files()).get(name)).toEqual(bytes);
  });

  test.each([0, 2, 3, 8, 95])("is told from the first %i bytes of a segment", async (size) => {
    const scout = model.build();
    const [name] = await segmented(scout, { segments: 1, closed: true });
    const part = (await scout.files()).get(name!)!.slice(0, size);
    for (const bytes of [part, overwrite(0, part)(new Uint8Array(500))]) {
      const machine = model.build();
      await put(machine, name!, bytes);
      expect(await verify({ storage: machine.storage, topic: "orders" })).toMatchObject({ verdict: "torn" });
      const log = await machine.open();
      expect(log.recovery).toMatchObject({ verdict: "new", unborn: [name], next: 0 });
    }
  });
});

describe.each(models)("a segment under another name ($name)", (model) => {
  test.each(["00000000000000000005.wal", "00000000000000000009.wal", "00000000000000000099.wal"])(
    "%s, does not become part of the log",
    async (name) => {
      const machine = model.build();
      const names = await segmented(machine, { segments: 3, closed: true });
      const log = await machine.open();
      const lines = await linesOf(log);
      await log.close();
      await put(machine, name, (await machine.files()).get(names[1]!)!);

      const again = await machine.open();
      expect(await linesOf(again)).toEqual(lines);
      expect((await again.append({ value: "9" })).offset).toBe(9);
    },
  );

  test("that was renamed is missing under its own", async () => {
    for (const index of [0, 1, 2]) {
      const machine = model.build();
      const names = await segmented(machine, { segments: 3, closed: true });
      const bytes = (await machine.files()).get(names[index]!)!;
      const opened = (await machine.storage.open(["orders", "0"], { mode: "write" }))!;
      await opened.remove(names[index]!, { reuse: false });
      await opened.close();
      await put(machine, "00000000000000000077.wal", bytes);
      await corruption(machine);
    }
  });

  test("that was renamed is not taken for a new log, when it is the only one", async () => {
    const machine = model.build();
    const [name] = await segmented(machine, { segments: 1, closed: true });
    const bytes = (await machine.files()).get(name!)!;
    const opened = (await machine.storage.open(["orders", "0"], { mode: "write" }))!;
    await opened.remove(name!, { reuse: false });
    await opened.close();
    await put(machine, "00000000000000000002.wal", bytes);
    await corruption(machine);
  });
});

describe.each(models)("a segment of a release to come ($name)", (model) => {
  const version = overwrite(4, Uint8Array.of(2, 0));

  test("at the end keeps the log from opening, and is not touched", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 3, closed: true });
    await edit(machine, names[2]!, version);
    const before = printed(await machine.files());
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await refusal(machine.open(), "FORMAT");
      expect(error).toMatchObject({ segment: names[2] });
      expect(error.message).toContain("version is 2");
      expect(printed(await machine.files())).toEqual(before);
    }
  });

  test("in the middle is refused when it is read, not taken for damage", async () => {
    const machine = model.build();
    const names = await segmented(machine, { segments: 6, closed: true });
    await edit(machine, names[2]!, version);
    const log = await machine.open();
    const error = await refusal(valuesOf(log), "FORMAT");
    expect(error).toMatchObject({ segment: names[2] });
    expect(await segmentsOf(machine)).toEqual(names);
  });
});
