// @vitest-environment happy-dom
/**
 * What befell other offline queues, from trying them and from their trackers. Each test is named after its case, and
 * docs/ported-cases.md lists them. Real browsers have their own part of it: test/browser/outbox.mjs.
 */
import "fake-indexeddb/auto";
import { expect, test, vi } from "vitest";
import { indexedDbStorage } from "../../adapters/indexeddb/storage.ts";
import { fetchDelivery, type Outbox, verdictOfResponse } from "../../src/outbox/index.ts";
import { locks } from "../indexeddb/locks.ts";
import { promised, text, World } from "../outbox/world.ts";
import type { Answer } from "../../src/outbox/index.ts";

Object.defineProperty(navigator, "locks", { value: locks });

const day = 24 * 3_600_000;
const free = { partition: "free" } as const;
const lettersOf = async (outbox: Outbox): Promise<string[]> => {
  const values: string[] = [];
  for await (const { cause, value } of outbox.dead.list()) values.push(`${cause} ${text(value)}`);
  return values;
};

test("workbox-background-sync: an entry is removed before its fetch, and lost when the worker dies", async () => {
  const world = new World();
  world.other.answers.push(promised<Answer>().promise);
  const outbox = await world.open();
  const { id } = await outbox.push({ value: "order" });
  await world.timers.pass(10);
  // On its way, and the worker dies.
  expect(world.other.values).toEqual([["order"]]);
  world.losePower();
  const again = await world.open();
  expect(again.pending).toBe(1);
  await world.timers.pass(10);
  expect(world.other.sent.map(({ ids }) => ids)).toEqual([[id], [id]]);
  expect(again.pending).toBe(0);
});

test("workbox-background-sync: any HTTP status counts as done", async () => {
  const world = new World();
  const statuses = [500, 401, 503, 422, 200];
  const asked: number[] = [];
  const deliver = fetchDelivery({
    url: "http://server/",
    fetch: async () => {
      asked.push(statuses[0]!);
      return new Response("", { status: statuses.shift()! });
    },
  });
  const outbox = await world.open({ deliver });
  await outbox.push({ value: "first" });
  await world.timers.pass(5000);
  expect(outbox.status).toMatchObject({ state: "held", pending: 1 });
  outbox.resume();
  await world.timers.pass(5000);
  expect(await lettersOf(outbox)).toEqual(["refused first"]);
  await outbox.push({ value: "second" });
  await world.timers.pass(5000);
  expect(asked).toEqual([500, 401, 503, 422, 200]);
  expect(outbox.status).toMatchObject({ pending: 0, dead: 1 });
  expect(await verdictOfResponse(new Response("", { status: 404 }))).toMatchObject({ verdict: "dead" });
});

test("workbox-background-sync: what is older than seven days expires in silence", async () => {
  const world = new World();
  world.other.otherwise = () => "retry";
  const outbox = await world.open({ backoff: { maxMs: day } });
  await outbox.push({ value: "old" });
  await world.timers.pass(8 * day);
  await outbox.close();
  const again = await world.open({ maxAgeMs: 30 * day, backoff: { maxMs: day } });
  expect(again.pending).toBe(1);
  const told: string[] = [];
  again.events.addEventListener("dead", ({ detail }) => told.push(`${detail.cause} ${text(detail.value)}`));
  await world.timers.pass(23 * day);
  expect([again.pending, told]).toEqual([0, ["expired old"]]);
  expect(await lettersOf(again)).toEqual(["expired old"]);
});

test("workbox-background-sync: entries are stored with relaxed durability", async () => {
  const world = new World();
  const durabilities = new Set<unknown>();
  const transaction = vi.spyOn(IDBDatabase.prototype, "transaction");
  const outbox = await world.open({ storage: indexedDbStorage({ database: "relaxed" }) });
  transaction.mockClear();
  expect((await outbox.push({ value: "a" })).durability).toBe("disk");
  for (const [, mode, options] of transaction.mock.calls) {
    if (mode === "readwrite") durabilities.add(options?.durability);
  }
  transaction.mockRestore();
  expect([...durabilities]).toEqual(["strict"]);
  await outbox.close();
});

test("workbox-background-sync: requests are replayed in no order, past one that failed", async () => {
  const world = new World();
  world.other.answers.push("retry", "retry");
  const outbox = await world.open({ batch: { maxRecords: 1 } });
  for (const value of ["create", "change", "remove"]) await outbox.push({ key: "order-1", value });
  await world.timers.pass(60_000);
  expect(world.other.values.flat()).toEqual(["create", "create", "create", "change", "remove"]);
});

test("workbox-background-sync: the queue of one user is replayed as the next one", async () => {
  const world = new World();
  const sessions: string[] = [];
  const as = (user: string) => ({
    principal: user,
    deliver: async ({ records }: { records: readonly { value: Uint8Array }[] }) => {
      sessions.push(...records.map(({ value }) => `${text(value)} as ${user}`));
      return "done" as const;
    },
  });
  const ada = await world.open({ ...as("ada"), ...free, deliver: () => "retry" });
  await ada.push({ value: "ada's" });
  await ada.close();
  const grace = await world.open({ ...as("grace"), ...free });
  await grace.push({ value: "grace's" });
  await world.timers.pass(600_000);
  expect(sessions).toEqual(["grace's as grace"]);
  await world.open({ ...as("ada"), ...free });
  await world.timers.pass(600_000);
  expect(sessions).toEqual(["grace's as grace", "ada's as ada"]);
});

test("dxos#11757, instantdb#2853: a frozen tab keeps its lock, and the others wait for ever", async () => {
  const world = new World();
  // It holds its lock, and does nothing any more.
  const frozen = await world.open({ ...free, deliver: () => new Promise(() => undefined), adopt: false });
  await frozen.push({ value: "of the frozen tab" });
  const tab = await world.open(free);
  await tab.push({ value: "of the other" });
  await world.timers.pass(100_000);
  expect(world.other.values).toEqual([["of the other"]]);
  // It is discarded in the end.
  await frozen.close();
  await world.timers.pass(40_000);
  expect(world.other.values).toEqual([["of the other"], ["of the frozen tab"]]);
});

test("analytics-next#1200: a queue fills the quota of its host", async () => {
  const world = new World();
  world.other.otherwise = () => "retry";
  const outbox = await world.open({ maxBytes: 1000, whenFull: "reject" });
  let stored = 0;
  for (let index = 0; index < 20; index++) {
    await outbox.push({ value: "x".repeat(100) }).then(
      () => stored++,
      (error: unknown) => expect(error).toMatchObject({ code: "FULL" }),
    );
  }
  expect(stored).toBe(10);
});

test("TanStack offline-transactions: a write resolves before its transaction commits", async () => {
  const world = new World();
  const database = { database: "tanstack" };
  world.other.otherwise = () => "retry";
  const outbox = await world.open({ storage: indexedDbStorage(database) });
  await outbox.push({ value: "kept" });
  // Every request succeeds, and then the transaction is aborted.
  const commit = vi.spyOn(IDBTransaction.prototype, "commit").mockImplementation(function (
    this: IDBTransaction,
  ) {
    const requests = this.objectStore(this.objectStoreNames[0]!).count();
    requests.addEventListener("success", () => this.abort());
  });
  await expect(outbox.push({ value: "lost" })).rejects.toMatchObject({ code: "FLUSH_FAILED" });
  commit.mockRestore();
  expect(outbox.pending).toBe(1);
  await outbox.push({ value: "tried again" });
  await outbox.close();
  world.other.otherwise = () => "done";
  const again = await world.open({ storage: indexedDbStorage(database) });
  await world.timers.pass(10);
  await again.drained();
  await again.close();
  expect(world.other.values.slice(-1)[0]).toEqual(["kept", "tried again"]);
});
