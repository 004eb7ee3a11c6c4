/** What each verdict does. */
import { expect, test } from "vitest";
import type { Answer, OutboxEventName } from "../../src/outbox/index.ts";
import { promised, settled, World } from "./world.ts";

test("a retry waits longer each time, with jitter, and never gives up", async () => {
  const world = new World();
  world.other.otherwise = () => ({ verdict: "retry", reason: "away" });
  const outbox = await world.open({ backoff: { baseMs: 1000, maxMs: 8000 } });
  const waits: number[] = [];
  outbox.events.addEventListener("retry", ({ detail }) => waits.push(detail.waitMs));
  await outbox.push({ value: "one" });
  await world.timers.pass(0);
  expect(outbox.status).toMatchObject({ state: "waiting", pending: 1, reason: "away" });
  await world.timers.pass(3_600_000);
  // The jitter of the test is a half.
  expect(waits.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 4000, 4000]);
  expect(world.other.sent.length).toBeGreaterThan(500);
  expect(world.other.sent.map(({ attempt }) => attempt).slice(0, 3)).toEqual([1, 2, 3]);
  expect(new Set(world.other.sent.flatMap(({ ids }) => ids)).size).toBe(1);
  world.other.otherwise = () => "done";
  await world.timers.pass(10_000);
  expect(outbox.status).toMatchObject({ state: "idle", reason: undefined });
});

test("a wait that was asked for is kept, and a hint or wake() ends it", async () => {
  const world = new World();
  world.other.answers.push(
    { verdict: "retry", afterMs: 60_000 },
    { verdict: "retry", afterMs: 60_000 },
    { verdict: "retry", afterMs: 60_000 },
  );
  let hint!: () => void;
  const hints = (wake: () => void) => {
    hint = wake;
    return () => undefined;
  };
  const outbox = await world.open({ hints });
  await outbox.push({ value: "one" });
  await world.timers.pass(59_999);
  expect(world.other.sent).toHaveLength(1);
  await world.timers.pass(6001);
  expect(world.other.sent).toHaveLength(2);
  outbox.wake();
  await settled();
  expect(world.other.sent).toHaveLength(3);
  hint();
  await settled();
  expect(world.other.sent).toHaveLength(4);
});

test("whatever is thrown, and an answer that makes no sense, is a retry", async () => {
  const world = new World();
  const nonsense = [
    "yes",
    undefined,
    null,
    7,
    [],
    ["done", "done"],
    { verdict: "ok" },
  ] as unknown as Answer[];
  world.other.answers.push(new TypeError("failed to fetch"), ...nonsense);
  const outbox = await world.open();
  await outbox.push({ value: "one" });
  await world.timers.pass(3_600_000);
  expect(world.other.sent).toHaveLength(nonsense.length + 2);
  expect(outbox.status).toMatchObject({ pending: 0, dead: 0 });
});

test("not answering in time is a retry, never dead, also for somebody who does not listen", async () => {
  const world = new World();
  world.other.otherwise = () => new Promise(() => undefined);
  const outbox = await world.open({ timeoutMs: 5000 });
  await outbox.push({ value: "one" });
  await world.timers.pass(4999);
  expect(world.other.sent[0]!.context.signal.aborted).toBe(false);
  await world.timers.pass(1);
  expect(world.other.sent[0]!.context.signal.aborted).toBe(true);
  await world.timers.pass(3_600_000);
  expect(world.other.sent.length).toBeGreaterThan(10);
  expect(outbox.status).toMatchObject({ pending: 1, dead: 0 });
});

test("a hold stops everything until resume(), also what is pushed later", async () => {
  const world = new World();
  world.other.answers.push({ verdict: "hold", reason: "the token is too old" });
  const outbox = await world.open();
  const told: string[] = [];
  outbox.events.addEventListener("held", ({ detail }) => told.push(detail.reason));
  await outbox.push({ key: "a", value: "one" });
  await world.timers.pass(0);
  await outbox.push({ key: "b", value: "two" });
  await world.timers.pass(3_600_000);
  outbox.wake();
  await world.timers.pass(3_600_000);
  expect(world.other.values).toEqual([["one"]]);
  expect(told).toEqual(["the token is too old"]);
  expect(outbox.status).toMatchObject({ state: "held", pending: 2, reason: "the token is too old" });
  outbox.resume();
  await world.timers.pass(0);
  expect(world.other.values.flat().slice(1)).toEqual(["one", "two"]);
  expect(outbox.status.state).toBe("idle");
});

test("an answer to what set out before resume() does not hold again", async () => {
  const world = new World();
  const late = promised<Answer>();
  world.other.answers.push("hold", late.promise);
  const outbox = await world.open({ batch: { maxRecords: 1 } });
  await Promise.all([outbox.push({ key: "a", value: "one" }), outbox.push({ key: "b", value: "two" })]);
  await world.timers.pass(0);
  expect(outbox.status).toMatchObject({ state: "held", underWay: 1 });
  outbox.resume();
  late.keep("hold");
  await world.timers.pass(0);
  expect(outbox.status).toMatchObject({ state: "idle", pending: 0 });
});

test("each record of a delivery may have a verdict of its own", async () => {
  const world = new World();
  world.other.answers.push(["done", "retry", { verdict: "dead", reason: "no such order" }, "done"]);
  const outbox = await world.open();
  world.other.otherwise = () => "retry";
  const pushes = ["a", "b", "c", "d"].map((key) => outbox.push({ key, value: key }));
  await Promise.all(pushes);
  await world.timers.pass(0);
  expect(world.other.values[0]).toEqual(["a", "b", "c", "d"]);
  expect(outbox.status).toMatchObject({ pending: 1, dead: 1 });
  world.losePower();
  const again = await world.open();
  world.other.otherwise = () => "done";
  await world.timers.pass(0);
  expect(world.other.values.at(-1)).toEqual(["b"]);
  expect(again.status).toMatchObject({ pending: 0, dead: 1 });
});

test("of a delivery that is dead as a whole, only the record is dead that is dead alone", async () => {
  const world = new World();
  world.other.otherwise = ({ values }) =>
    values.includes("37") ? { verdict: "dead", reason: "bad", response: { status: 400 } } : "done";
  const outbox = await world.open();
  const values = Array.from({ length: 100 }, (_, index) => String(index));
  await Promise.all(values.map((value) => outbox.push({ value })));
  await world.timers.pass(1000);
  expect(outbox.status).toMatchObject({ pending: 0, dead: 1 });
  for await (const letter of outbox.dead.list()) {
    expect(new TextDecoder().decode(letter.value)).toBe("37");
    expect(letter).toMatchObject({ cause: "refused", reason: "bad", response: { status: 400 } });
  }
  expect(world.other.sent.length).toBeLessThan(30);
});

test("a retry that asks for it is split, so that one bad record does not hold up the rest", async () => {
  const world = new World();
  world.other.otherwise = ({ values }) =>
    values.includes("37") ? { verdict: "retry", split: true } : "done";
  const outbox = await world.open();
  const values = Array.from({ length: 100 }, (_, index) => String(index));
  await Promise.all(values.map((value) => outbox.push({ value })));
  await world.timers.pass(3_600_000);
  expect(outbox.pending).toBe(1);
});

test("the page can follow everything through events", async () => {
  const world = new World();
  const names: OutboxEventName[] = ["change", "delivered", "retry", "held", "dead"];
  const told: string[] = [];
  world.other.answers.push("retry", { verdict: "dead", reason: "bad" }, "done", "hold");
  const outbox = await world.open({ order: "strict", batch: { maxRecords: 1 } });
  for (const name of names.slice(1)) outbox.events.addEventListener(name, ({ type }) => told.push(type));
  const states: string[] = [];
  outbox.events.addEventListener("change", () => states.push(outbox.status.state));
  for (const value of ["a", "b", "c"]) await outbox.push({ value });
  await world.timers.pass(60_000);
  expect(told.toSorted()).toEqual(["dead", "delivered", "held", "retry"]);
  expect(new Set(states)).toEqual(new Set(["waiting", "delivering", "held"]));
});

test("a delivery under way does not keep close() waiting", async () => {
  const world = new World();
  const answer = promised<Answer>();
  world.other.otherwise = () => answer.promise;
  const outbox = await world.open();
  await outbox.push({ value: "one" });
  await world.timers.pass(0);
  await outbox.close();
  expect(world.other.sent[0]!.context.signal.aborted).toBe(true);
  answer.keep("done");
  await settled();
  expect((await world.open()).pending).toBe(1);
});
