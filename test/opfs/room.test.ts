/**
 * A budget that is used up: before an append fails with `FULL`, the files that are kept ready are emptied, and
 * the log drops what retention allows to drop. Browsers do the same for real (see test/browser/room.mjs).
 */
import { beforeEach, describe, expect, test } from "vitest";
import { opfsStorage } from "../../adapters/opfs/storage.ts";
import { Budget } from "../../adapters/web/budget.ts";
import { type Log, openLog, type Storage } from "../../src/index.ts";
import { valuesOf } from "../support/content.ts";
import { refusal } from "../support/outcome.ts";
import { Origin } from "./origin.ts";

const hour = 3_600_000;
const large = "x".repeat(100_000);

let origin: Origin;
let quota: number;
let now: number;

beforeEach(() => {
  origin = new Origin(0);
  quota = Infinity;
  now = 1_700_000_000_000;
  origin.install(() => quota);
});

function limited(): Storage {
  const inner = opfsStorage({ settleMs: 0 });
  const budget = new Budget({ headroomBytes: 0 });
  return {
    ...inner,
    now: () => now,
    open: async (path, options) => {
      const place = (await inner.open(path, options))!;
      return options.mode === "write" ? budget.place(place) : place;
    },
  };
}

async function fill(log: Log, segments: number): Promise<void> {
  for (let segment = 0; segment < segments; segment++) {
    if (segment > 0) await log.rotate();
    for (let count = 0; count < 3; count++) await log.append({ value: large });
    now += hour;
  }
}

/** What was granted before is used up first. */
async function appendUntilFull(log: Log): Promise<number> {
  for (let count = 0; count < 1000; count++) {
    const code = await log.append({ value: large }).then(
      () => "",
      (error: { code: string }) => error.code,
    );
    if (code === "FULL") return count;
    expect(code).toBe("");
  }
  throw new Error("it was never full");
}

describe("a budget that is used up", () => {
  test("takes back the space of the files that are kept ready", async () => {
    const log = await openLog({ storage: limited(), topic: "orders" });
    await fill(log, 4);
    await log.truncateBefore(10);
    const spare = origin.usage - log.stats().bytes;
    expect(spare).toBeGreaterThan(300_000);
    quota = origin.usage;
    await appendUntilFull(log);
    expect(origin.usage).toBeGreaterThan(quota - large.length - 10_000);
    expect(origin.usage - log.stats().bytes).toBeLessThan(30_000);
    expect(await valuesOf(log)).toHaveLength(log.next - 10);
    await log.close();
    expect((await openLog({ storage: limited(), topic: "orders" })).recovery.verdict).toBe("clean");
  });

  test("is not asked for what goes over old bytes", async () => {
    const log = await openLog({ storage: limited(), topic: "orders" });
    await fill(log, 2);
    await log.truncateBefore(4);
    quota = 0;
    // A file that was kept ready has room for the next segment.
    await log.rotate();
    for (let count = 0; count < 2; count++) await log.append({ value: large });
    expect(log.next).toBe(8);
  });

  test("lets a log drop what retention allows to drop", async () => {
    const retention = { maxAgeMs: 5 * hour };
    const log = await openLog({ storage: limited(), topic: "orders", retention });
    await fill(log, 4);
    quota = origin.usage;
    expect(await appendUntilFull(log)).toBeLessThan(45);
    expect(log.first).toBe(0);
    quota = origin.usage;
    now += 3 * hour;
    expect((await log.append({ value: large })).offset).toBe(log.next - 1);
    expect(log.first).toBeGreaterThan(0);
    expect(await valuesOf(log)).toHaveLength(log.next - log.first);
  });

  test("fails appends with FULL where nothing may be dropped, and nothing else", async () => {
    const log = await openLog({ storage: limited(), topic: "orders" });
    await fill(log, 4);
    quota = origin.usage;
    await appendUntilFull(log);
    const { next } = log;
    for (let tries = 0; tries < 5; tries++) await refusal(log.append({ value: large }), "FULL");
    expect(await valuesOf(log)).toHaveLength(next);
    quota = Infinity;
    expect((await log.append({ value: large })).offset).toBe(next);
  });
});
