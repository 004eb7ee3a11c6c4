/** A record that throws while it is read leaves nothing behind, wherever in a group it comes. */
import { describe, expect, test } from "vitest";
import type { RecordInput } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { models } from "../support/machine.ts";

/** Lets the checks pass, and throws when it is encoded, after its key was written. */
function throwing(): RecordInput {
  let reads = 0;
  const headers = {
    get trace(): string {
      reads++;
      if (reads > 2) throw new Error("no trace");
      return "trace";
    },
  };
  return { key: "key", headers, value: "value" };
}

describe.each(models)("a record that throws ($name)", (model) => {
  test.each(["first", "behind another", "of another producer"])("as %s", async (where) => {
    const machine = model.build();
    const log = await machine.open();
    const appends: Promise<unknown>[] = [];
    const expected: string[] = [];
    const append = (value: string): void => {
      appends.push(log.append({ value }));
      expected.push(value);
    };
    if (where !== "first") append("before");
    const options = where === "of another producer" ? { producer: { id: "p", epoch: 0, sequence: 0 } } : {};
    await expect(log.append(throwing(), options)).rejects.toThrow("no trace");
    expect(() => log.stage(throwing(), options)).toThrow("no trace");
    const batch = [{ value: "lost" }, throwing(), { value: "lost" }];
    await expect(log.appendBatch(batch, options)).rejects.toThrow("no trace");
    append("behind");
    await Promise.all(appends);
    expect(await valuesOf(log)).toEqual(expected);
    await log.close();
    expect(await valuesOf(await machine.open())).toEqual(expected);
  });
});
