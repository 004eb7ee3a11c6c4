/** What may overtake what, and what travels together. */
import { expect, test } from "vitest";
import { promised, World } from "./world.ts";
import type { Answer } from "../../src/outbox/index.ts";

test("a key that fails holds up itself, not other keys", async () => {
  const world = new World();
  world.other.otherwise = ({ values }) => (values.some((each) => each.startsWith("bad")) ? "retry" : "done");
  const outbox = await world.open({ batch: { maxRecords: 1 } });
  for (const value of ["bad 1", "good 1", "bad 2", "good 2"]) {
    await outbox.push({ key: value.split(" ")[0]!, value });
  }
  await world.timers.pass(60_000);
  expect(world.other.values.filter(([value]) => value!.startsWith("good"))).toEqual([["good 1"], ["good 2"]]);
  expect(new Set(world.other.values.flat())).not.toContain("bad 2");
  expect(outbox.pending).toBe(2);
});

test("keys travel side by side up to the limit, and each one keeps its order", async () => {
  const world = new World();
  const answers = Array.from({ length: 6 }, () => promised<Answer>());
  world.other.answers.push(...answers.map(({ promise }) => promise));
  const outbox = await world.open({ parallel: 3, batch: { maxRecords: 1 } });
  for (const key of ["a", "a", "b", "c", "d"]) await outbox.push({ key, value: key });
  await world.timers.pass(0);
  expect(world.other.values).toEqual([["a"], ["b"], ["c"]]);
  answers[1]!.keep("done");
  await world.timers.pass(0);
  expect(world.other.values.slice(3)).toEqual([["d"]]);
  answers[0]!.keep("done");
  await world.timers.pass(0);
  expect(world.other.values.slice(4)).toEqual([["a"]]);
});

test("strict keeps the order of everything, one delivery at a time, whatever fails", async () => {
  const world = new World();
  let calls = 0;
  let underWay = 0;
  world.other.otherwise = async () => {
    expect(++underWay).toBe(1);
    await Promise.resolve();
    underWay--;
    return ++calls % 3 === 0 ? "retry" : "done";
  };
  const outbox = await world.open({ order: "strict", batch: { maxRecords: 2 }, parallel: 8 });
  const values = Array.from({ length: 30 }, (_, index) => String(index));
  for (const value of values) await outbox.push({ key: String(Number(value) % 4), value });
  await world.timers.pass(600_000);
  const seen = [...new Set(world.other.values.flat())];
  expect(seen).toEqual(values);
  expect(outbox.pending).toBe(0);
});

test("without order, and without a key, a record that fails holds up nobody", async () => {
  for (const order of ["none", "key"] as const) {
    const world = new World();
    world.other.otherwise = ({ values }) => values.map((value) => (value === "bad" ? "retry" : "done"));
    const outbox = await world.open({ order });
    const key = order === "none" ? "same" : undefined;
    for (const value of ["bad", "1", "2"]) await outbox.push({ key, value });
    await world.timers.pass(0);
    expect(outbox.pending).toBe(1);
    await outbox.close();
  }
});

test("a delivery holds no more records and bytes than allowed, but always one", async () => {
  const world = new World();
  world.other.answers.push("hold");
  const outbox = await world.open({ order: "strict", batch: { maxRecords: 3, maxBytes: 100 } });
  for (const size of [200, 60, 60, 10, 10, 10, 10]) await outbox.push({ value: "x".repeat(size) });
  await world.timers.pass(0);
  outbox.resume();
  await world.timers.pass(0);
  const sizes = world.other.sent.slice(1).map(({ values }) => values.map((value) => value.length));
  expect(sizes).toEqual([[200], [60], [60, 10, 10], [10, 10]]);
});

test("where the other side counts, a delivery holds successive sequences of one lane", async () => {
  const world = new World();
  const deliver = Object.assign(world.other.deliver, { inSequence: true });
  // What is left behind the first attempts has holes.
  world.other.otherwise = ({ values, attempt }) =>
    values.map((_, index) => (attempt > 1 ? "done" : index % 3 === 1 ? "dead" : "retry"));
  const outbox = await world.open({ deliver });
  const pushes = Array.from({ length: 100 }, (_, index) =>
    outbox.push({ key: `k${index % 10}`, value: String(index) }),
  );
  await Promise.all(pushes);
  await world.timers.pass(600_000);
  let isSplit = false;
  for (const { delivery } of world.other.sent) {
    const [first] = delivery.records;
    for (const [index, { lane, sequence }] of delivery.records.entries()) {
      expect(lane).toBe(first!.lane);
      expect(sequence).toBe(first!.sequence + index);
    }
    isSplit ||= delivery.records.length === 1;
  }
  expect(isSplit).toBe(true);
  expect(outbox.pending).toBe(0);
  expect(outbox.dead.count).toBeGreaterThan(10);
});
