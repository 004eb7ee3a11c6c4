/**
 * A storage without room: before an append fails with `FULL`, the log gives back what it may give back, and the
 * append goes on. The disk here has room for so many bytes, and a little more for small writes, as a budget in a
 * browser has.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { WalError } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { anyOf, failing } from "../support/faults.ts";
import { type Machine, memories, topic } from "../support/machine.ts";
import { refusal } from "../support/outcome.ts";

const hour = 3_600_000;
const value = "x".repeat(600);
/** What is smaller than this is written into the reserve. */
const smallBytes = 500;

function full(): WalError {
  return new WalError("FULL", "the disk has no room for this");
}

/** A disk of so many bytes. What is there already counts. */
function roomFor(machine: Machine, bytes: () => number) {
  return failing(
    {
      op: "write",
      times: Infinity,
      when: ({ name, position = 0, length = 0 }) => {
        const { names } = machine.disk().folder(`${topic}/0`);
        let used = 0;
        for (const file of names.values()) used += file.size;
        const growth = position + length - (names.get(name)?.size ?? 0);
        return length > smallBytes && used + growth > bytes();
      },
    },
    full,
  );
}

// On a disk with overlapping flushes somebody else's flush may be on its way: there it fails at once.
const oneByOne = memories.filter(({ name }) => !name.includes("overlapping"));

describe.each(oneByOne)("a full disk ($name)", (model) => {
  let machine: Machine;
  let room: number;

  beforeEach(() => {
    machine = model.build();
    room = Infinity;
    machine.hook = roomFor(machine, () => room);
  });

  test("drops what retention allows to drop, and then takes the append", async () => {
    const log = await machine.open({ retention: { maxAgeMs: 5 * hour } });
    for (let count = 0; count < 8; count++) {
      if (count > 0 && count % 2 === 0) await log.rotate();
      await log.append({ value: `${count} ${value}` });
      machine.now += hour;
    }
    // Nobody begins a segment now, so what is too old is still there.
    const { bytes, flushFailures } = log.stats();
    room = bytes + 100;
    const { first } = log;
    const ack = await log.append({ value: `8 ${value}` });
    expect(ack.offset).toBe(8);
    expect(log.first).toBeGreaterThan(first);
    expect(log.stats().flushFailures).toBe(flushFailures + 1);
    const expected = Array.from({ length: 9 - log.first }, (_, index) => `${log.first + index} ${value}`);
    expect(await valuesOf(log)).toEqual(expected);
    await log.close();
    expect(await valuesOf(await machine.open())).toEqual(expected);
    expect(machine.misuses).toEqual([]);
  });

  test("removes the files of dropped segments whose removal has failed, and then takes the append", async () => {
    const log = await machine.open();
    for (let count = 0; count < 6; count++) {
      if (count === 2 || count === 4) await log.rotate();
      await log.append({ value: `${count} ${value}` });
    }
    const hook = machine.hook!;
    machine.hook = anyOf(failing({ op: "remove", times: Infinity }), hook);
    await log.truncateBefore(4);
    machine.hook = hook;
    const before = (await machine.files()).size;
    room = 0;
    for (const bytes of (await machine.files()).values()) room += bytes.length;
    const ack = await log.append({ value: `6 ${value}` });
    expect(ack.offset).toBe(6);
    expect((await machine.files()).size).toBeLessThan(before);
    expect(await valuesOf(log)).toEqual([4, 5, 6].map((count) => `${count} ${value}`));
    expect(machine.misuses).toEqual([]);
  });

  test("removes what a truncation cut off although a flush between the removals had failed", async () => {
    const log = await machine.open();
    for (let count = 0; count < 4; count++) {
      await log.append({ value: `${count} ${value}` });
      await log.rotate();
    }
    machine.hook = failing({ op: "flush", after: 1 });
    await log.truncateAfter(0);
    const before = (await machine.files()).size;
    machine.hook = failing({ op: "create" }, full);
    expect((await log.append({ value: "1" })).offset).toBe(1);
    expect((await machine.files()).size).toBeLessThan(before);
    expect((await valuesOf(log)).map((each) => each.split(" ")[0])).toEqual(["0", "1"]);
    expect(machine.misuses).toEqual([]);
  });

  test("takes appends on their way together, batches and staged records along", async () => {
    const log = await machine.open({ retention: { maxAgeMs: hour } });
    for (let count = 0; count < 4; count++) await log.append({ value: `${count} ${value}` });
    await log.rotate();
    machine.now += 2 * hour;
    await log.append({ value: "4" });
    room = log.stats().bytes + 300;
    const producer = { id: "p", epoch: 0, sequence: 0 };
    log.stage({ value: `5 ${value}` });
    const acks = await Promise.all([
      log.append({ value: `6 ${value}` }, { producer }),
      log.appendBatch([{ value: "7" }, { value: "8" }]),
    ]);
    expect(acks.flat().map(({ offset }) => offset)).toEqual([6, 7, 8]);
    expect((await log.append({ value: `6 ${value}` }, { producer })).duplicate).toBe(true);
    await log.close();
    const again = await machine.open();
    expect((await valuesOf(again)).map((each) => each.split(" ")[0])).toEqual(["4", "5", "6", "7", "8"]);
    expect(machine.misuses).toEqual([]);
  });

  test("goes on when something has become old, although the append was tried all the while", async () => {
    const log = await machine.open({ retention: { maxAgeMs: 5 * hour } });
    for (let count = 0; count < 5; count++) await log.append({ value: `${count} ${value}` });
    room = log.stats().bytes + 100;
    for (let tries = 0; tries < 5; tries++) {
      await refusal(log.append({ value: `5 ${value}` }), "FULL");
      machine.now += hour;
    }
    machine.now += hour + 1;
    expect((await log.append({ value: `5 ${value}` })).offset).toBe(5);
    expect(log.first).toBe(5);
    expect(machine.misuses).toEqual([]);
  });

  test("fails with FULL where nothing may be dropped, and changes nothing", async () => {
    const log = await machine.open({ retention: { maxAgeMs: 5 * hour } });
    for (let count = 0; count < 5; count++) await log.append({ value: `${count} ${value}` });
    room = log.stats().bytes + 100;
    for (let tries = 0; tries < 3; tries++) {
      await refusal(log.append({ value: `5 ${value}` }), "FULL");
      expect(await valuesOf(log)).toHaveLength(5);
    }
    expect(log.first).toBe(0);
    room = Infinity;
    expect((await log.append({ value: "5" })).offset).toBe(5);
    expect(machine.misuses).toEqual([]);
  });

  test("fails with FULL where what may be dropped is not enough", async () => {
    const log = await machine.open({ retention: { maxAgeMs: 5 * hour } });
    for (let count = 0; count < 5; count++) {
      if (count === 3) await log.rotate();
      await log.append({ value: `${count} ${value}` });
    }
    machine.now += 6 * hour;
    room = 0;
    await refusal(log.append({ value: `5 ${value}` }), "FULL");
    expect(log.next).toBe(5);
    room = Infinity;
    expect((await log.append({ value: "5" })).offset).toBe(5);
    expect(machine.misuses).toEqual([]);
  });
});
