/**
 * Crashes at every operation that changes a disk, while records are pushed, delivered, settled and given up: on
 * each photograph of both sides' disks, an outbox and a receiver go on. Everything acknowledged by then is
 * received once, or is a dead letter once, and nothing is in both places.
 */
import { describe, expect, test } from "vitest";
import { type MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { openLog, type Storage } from "../../src/index.ts";
import { type Deliver, fetchDelivery, openOutbox, type Outbox } from "../../src/outbox/index.ts";
import { createReceiver } from "../../src/receiver/index.ts";
import { everyMethod, faultyStorage, type Hook } from "../support/faulty-storage.ts";
import { settled, text, Timers, World } from "./world.ts";

const changing = new Set(["create", "write", "truncate", "flush", "remove"]);
/** A storage whose operations are heard of first. */
const heard = (storage: Storage, colour: string, hook: Hook): Storage =>
  faultyStorage(storage, { promised: colour === "async" ? everyMethod : new Set(), hook: () => hook });

interface Photograph {
  readonly outbox: MemoryDisk;
  readonly receiver: MemoryDisk;
  /** What was acknowledged by then, and what was pushed. */
  readonly acknowledged: readonly string[];
  readonly pushed: readonly string[];
  readonly title: string;
}

/** What the receiver's log holds, and the delivery to it; what begins with `bad` is refused. */
async function receiving(storage: Storage) {
  const log = await openLog({ storage, topic: "events", segment: { maxBytes: 4096 } });
  const receive = createReceiver({ log });
  const inner = fetchDelivery({
    url: "http://receiver/",
    fetch: async (url, { body }) => receive(new Request(url, { method: "POST", body })),
  });
  const deliver: Deliver = async (delivery, context) => {
    const bad = delivery.records.some(({ value }) => text(value).startsWith("bad"));
    return bad ? { verdict: "dead", reason: "bad" } : inner(delivery, context);
  };
  const values = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { value } of log.read()) found.push(text(value));
    return found;
  };
  return { deliver: Object.assign(deliver, { inSequence: true }), values, close: () => log.close() };
}

const settings = {
  name: "orders",
  segmentBytes: 1024,
  batch: { maxRecords: 3 },
  backoff: { baseMs: 10, maxMs: 10 },
};

async function photographs(colour: "sync" | "async"): Promise<Photograph[]> {
  const world = new World(colour);
  const server = new World(colour);
  const acknowledged: string[] = [];
  const pushed: string[] = [];
  const taken: Photograph[] = [];
  const hook: Hook = ({ op, name }) => {
    if (!changing.has(op)) return;
    const disks = { outbox: world.disk.losePower(), receiver: server.disk.losePower() };
    const title = `before ${op} ${name}, change ${taken.length}`;
    taken.push({ ...disks, acknowledged: [...acknowledged], pushed: [...pushed], title });
  };
  for (const side of [world, server]) side.wrap = (storage) => heard(storage, colour, hook);
  const { deliver } = await receiving(server.storage);
  const outbox = await world.open({ ...settings, deliver });
  // As soon as it is told.
  const retried = new Set<string>();
  outbox.events.addEventListener("dead", ({ detail: { id, offset, value } }) => {
    if (retried.has(text(value))) return;
    retried.add(text(value));
    void outbox.dead.retry(offset).catch(() => expect.unreachable(id));
  });
  const push = async (value: string) => {
    pushed.push(value);
    await outbox.push({ key: value.split(" ").at(-1)!, value });
    acknowledged.push(value);
  };
  for (let round = 0; round < 4; round++) {
    await Promise.all([push(`a${round} k1`), push(`b${round} k2`), push(`c${round} k1`)]);
    if (round % 2 === 0) await push(`bad${round} k1`);
    await world.timers.pass(20);
  }
  await world.timers.pass(1000);
  await outbox.close();
  return taken;
}

/** Both sides begin again on what is left, and everything that is pending arrives. */
async function lettersAndValues({ outbox: disk, receiver }: Photograph): Promise<[string[], string[]]> {
  const timers = new Timers();
  const { deliver, values, close } = await receiving(memoryStorage({ disk: receiver.losePower() }));
  const storage = { ...memoryStorage({ disk: disk.losePower() }), elapsed: () => timers.now };
  const { clockwork } = timers;
  const outbox: Outbox = await openOutbox({
    ...settings,
    storage,
    deliver,
    clockwork,
    hints: () => () => undefined,
  });
  for (let turn = 0; turn < 30 && outbox.pending > 0; turn++) await timers.pass(20);
  expect(outbox.pending).toBe(0);
  const letters: string[] = [];
  for await (const { value } of outbox.dead.list()) letters.push(text(value));
  await outbox.close();
  const found = await values();
  await close();
  return [letters, found];
}

describe.each(["sync", "async"] as const)("a crash at any operation, on memory, %s", (colour) => {
  test("loses nothing, repeats nothing, and leaves nothing in two places", { timeout: 120_000 }, async () => {
    const all = await photographs(colour);

    expect(all.length).toBeGreaterThan(100);
    for (const photograph of all) {
      const { acknowledged, pushed, title } = photograph;
      const [letters, values] = await lettersAndValues(photograph);
      const found = [...letters, ...values];
      expect(new Set(found).size, `${title}: ${found.join()}`).toBe(found.length);
      for (const value of acknowledged) expect(found, title).toContain(value);
      for (const value of found) expect(pushed, title).toContain(value);
      for (const key of ["k1", "k2"]) {
        const own = values.filter((value) => value.endsWith(key));
        expect(own, title).toEqual(pushed.filter((value) => own.includes(value)));
      }
    }
  });
});

test("cursors that cannot be written stop the deliveries until they can", async () => {
  const world = new World();
  let failing = false;
  world.wrap = (storage) =>
    heard(storage, "sync", ({ op }) => {
      if (failing && op === "flush") throw new Error("EIO");
    });
  const outbox = await world.open({ order: "strict", batch: { maxRecords: 1 } });
  const errors: unknown[] = [];
  outbox.events.addEventListener("error", ({ detail }) => errors.push(detail.error));
  for (const value of ["a", "b", "c"]) await outbox.push({ value });
  failing = true;
  await world.timers.pass(10_000);
  const before = world.other.sent.length;
  expect(before).toBeLessThan(3);
  expect(errors[0]).toMatchObject({ code: "FLUSH_FAILED" });
  await expect(outbox.push({ value: "d" })).rejects.toMatchObject({ code: "FLUSH_FAILED" });
  failing = false;
  await world.timers.pass(10_000);
  await settled();
  expect(outbox.status).toMatchObject({ state: "idle", pending: 0 });
  expect(world.other.values.flat()).toEqual(["a", "b", "c"]);
  world.losePower();
  expect((await world.open()).pending).toBe(0);
});

test("a dead letter is told of, and can be retried, when its record is settled for good, not before", async () => {
  const world = new World();
  let failing = false;
  world.wrap = (storage) => {
    const faulty = heard(storage, "sync", ({ op }) => {
      if (failing && op === "flush") throw new Error("EIO");
    });
    return {
      ...storage,
      open: (path, how) => (path[0] === "orders.queue" ? faulty : storage).open(path, how),
    };
  };
  world.other.otherwise = () => "dead";
  const outbox = await world.open();
  let told = 0;
  outbox.events.addEventListener("dead", () => told++);
  await outbox.push({ value: "a" });
  failing = true;
  await world.timers.pass(5000);
  expect([outbox.pending, outbox.dead.count, told]).toEqual([0, 0, 0]);
  failing = false;
  await world.timers.pass(5000);
  expect([outbox.pending, outbox.dead.count, told]).toEqual([0, 1, 1]);
});
