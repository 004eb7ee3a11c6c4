/**
 * Writes, flushes and removals that fail while a log is being opened after its process died. The opening is
 * refused, or it succeeds without what was not necessary; either way the next one finds every record.
 */
import { describe, expect, test } from "vitest";
import { type Log, openReader } from "../../src/index.ts";
import { linesOf } from "../support/content.ts";
import { anyOf, failing, failingAfterwards } from "../support/faults.ts";
import type { Operation } from "../support/faulty-storage.ts";
import { type Machine, models, topic } from "../support/machine.ts";
import { endings, refusal } from "../support/outcome.ts";

const operations: Operation[] = ["create", "write", "flush", "truncate", "remove", "size"];

/** Ten records in several segments, with two more that were replaced and could not be removed. */
async function prepared(machine: Machine): Promise<string[]> {
  const log = await machine.open();
  for (let index = 0; index < 12; index++) {
    await log.append({ value: `${index}` });
    if (index % 4 === 3) await log.rotate();
  }
  machine.hook = failing({ op: "remove", times: Infinity });
  await log.truncateAfter(5);
  for (let index = 6; index < 10; index++) await log.append({ value: `again ${index}` });
  const lines = await linesOf(log);
  await machine.die();
  machine.hook = undefined;
  return lines;
}

describe.each(models)("opening ($name)", (model) => {
  for (const [when, fault] of [
    ["fails", failing],
    ["fails when it was done", failingAfterwards],
  ] as const) {
    test(`is refused with an error of the log, or succeeds, whatever operation ${when}`, async () => {
      for (let after = 0; ; after++) {
        const machine = model.build();
        const lines = await prepared(machine);
        const hook = fault({ op: operations, after });
        machine.hook = hook;
        const log = await opened(machine);
        machine.hook = undefined;
        if (log !== undefined) {
          expect(await linesOf(log)).toEqual(lines);
          await log.close();
        }
        const again = await machine.open();
        expect(await linesOf(again)).toEqual(lines);
        expect(await again.append({ value: "more" })).toMatchObject({ offset: 10 });
        if (hook.met === 0) break;
      }
    });
  }

  test("is refused with an error of the log where the place cannot be opened, or not be closed again", async () => {
    const machine = model.build();
    await (await machine.open()).append({ value: "a" });
    await machine.die();
    machine.hook = failing({ op: "open", when: ({ name }) => name === "", times: 2 });
    await refusal(machine.open(), "UNAVAILABLE");
    await refusal(openReader({ storage: machine.storage, topic }), "UNAVAILABLE");
    const unreadable = failing({ op: "list", times: Infinity });
    machine.hook = anyOf(unreadable, failingAfterwards({ op: "close", when: ({ name }) => name === "" }));
    await refusal(machine.open(), "READ_FAILED");
    machine.hook = undefined;
    expect(await linesOf(await machine.open())).toHaveLength(1);
  });

  test("goes on when nothing can be removed, and when everything else fails once", async () => {
    const machine = model.build();
    const lines = await prepared(machine);
    for (const op of ["create", "write", "flush"] as const) {
      machine.hook = anyOf(failing({ op: "remove", times: Infinity }), failing({ op }));
      await refusal(machine.open(), "UNAVAILABLE");
    }
    machine.hook = failing({ op: "remove", times: Infinity });
    const log = await machine.open();
    expect(await linesOf(log)).toEqual(lines);
    machine.hook = undefined;
    await log.append({ value: "more" });
    await log.close();
    const again = await machine.open();
    expect(await linesOf(again)).toHaveLength(11);
    expect((await machine.files()).size).toBe(again.stats().segments);
  });

  // The note that vouches for the fresh segment is only a help; a file that failed it is not flushed again.
  test("goes on in another segment when the first write behind a fresh one fails", async () => {
    const machine = model.build();
    const lines = await prepared(machine);
    machine.hook = failing({ op: "write", when: ({ position }) => position! > 0, after: 1 });
    const log = await opened(machine);
    machine.hook = undefined;
    const safe = log ?? (await machine.open());
    await safe.append({ value: "more" });
    await machine.die();
    expect((await linesOf(await machine.open())).slice(0, 10)).toEqual(lines);
  });
});

/** The log, unless opening it is refused as it may be. */
async function opened(machine: Machine): Promise<Log | undefined> {
  const opening = machine.open();
  const [ending] = await endings([opening]);
  if (ending === "fulfilled") return opening;
  expect(["UNAVAILABLE", "READ_FAILED"]).toContain(ending);
  return undefined;
}
