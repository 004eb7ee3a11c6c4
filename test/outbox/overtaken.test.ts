/**
 * An orphan that somebody else takes between being found and being opened. The somebody has the real lock of one of
 * its two logs: no page has to hear of that, and what is left is looked for again.
 */
import { expect, test } from "vitest";
import type { Place } from "../../src/index.ts";
import { drainOrphans, type Outbox } from "../../src/outbox/index.ts";
import { settled, World } from "./world.ts";

for (const kind of ["queue", "dead"] as const) {
  test(`an orphan whose ${kind} log somebody takes first is passed over in silence, and tried again`, async () => {
    const { world, other, errors, left } = await orphanTaken(kind);
    left.wake();
    // Longer than anybody waits for the lock of the dead letters, which is given free behind that of the queue.
    await world.timers.pass(10_000);
    expect(other.place).toBeDefined();
    expect([left.adopted, left.status.reason, errors]).toEqual([[], undefined, []]);
    await other.place!.close();
    await world.timers.pass(30_000);
    expect([world.other.values.flat(), errors]).toEqual([["orphaned"], []]);
  });

  test(`draining counts an orphan whose ${kind} log somebody takes first as open elsewhere`, async () => {
    const { world, other, left } = await orphanTaken(kind);
    await left.close();
    const { storage, timers } = world;
    const draining = drainOrphans({ storage, name: "orders", deliver: world.other.deliver, ...timers });
    await timers.pass(10_000);
    expect(await draining).toEqual({ openElsewhere: 1 });
    expect(world.other.sent).toEqual([]);
    await other.place!.close();
  });
}

/** Two tabs, of which one is gone. Its log is taken by somebody right behind the next time that all logs are listed. */
async function orphanTaken(kind: "queue" | "dead") {
  const world = new World();
  const other: { place?: Place; isAwake: boolean } = { isAwake: false };
  world.wrap = (storage) => ({
    ...storage,
    sleep: (ms) => world.timers.sleep(ms),
    list: async (path) => {
      const names = await storage.list(path);
      if (other.isAwake && other.place === undefined)
        other.place = (await storage.open([`orders.${kind}`, "1"], { mode: "write" }))!;
      return names;
    },
  });
  world.other.otherwise = () => "retry";
  const tabs: Outbox[] = [];
  for (let tab = 0; tab < 2; tab++) tabs.push(await world.open({ partition: "free" }));
  const [left, gone] = tabs as [Outbox, Outbox];
  await gone.push({ value: "orphaned" });
  await gone.close();
  await settled();
  const errors: unknown[] = [];
  left.events.addEventListener("error", ({ detail }) => errors.push(detail.error));
  world.other.otherwise = () => "done";
  world.other.sent.length = 0;
  other.isAwake = true;
  return { world, other, errors, left };
}
