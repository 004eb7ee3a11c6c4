/** Nothing that was pushed leaves an outbox without having been taken, or being a dead letter first. */
import { describe, expect, test } from "vitest";
import type { DeadLetter, Outbox } from "../../src/outbox/index.ts";
import { forgetOutbox } from "../../src/outbox/index.ts";
import { settled, text, World } from "./world.ts";

async function lettersOf(outbox: Outbox): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of outbox.dead.list()) letters.push(letter);
  return letters;
}
const valuesOf = async (outbox: Outbox) => (await lettersOf(outbox)).map(({ value }) => text(value));

const ten = (value: string) => ({ value: value.repeat(10) });

describe("dead letters", () => {
  test("tell all there is to know, also to the next opener", async () => {
    const world = new World();
    world.other.answers.push("retry", {
      verdict: "dead",
      reason: "bad",
      response: { status: 422, body: "no" },
    });
    const outbox = await world.open();
    const told: DeadLetter[] = [];
    outbox.events.addEventListener("dead", ({ detail }) => told.push(detail));
    const { id } = await outbox.push({ key: "k", value: "v", headers: { a: "b" }, timestamp: 7 });
    await world.timers.pass(10_000);
    const expected = {
      id,
      cause: "refused",
      reason: "bad",
      attempts: 2,
      response: { status: 422, body: "no" },
    };
    expect(told).toMatchObject([expected]);
    await outbox.close();
    world.losePower();
    const [letter, ...others] = await lettersOf(await world.open());
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ ...expected, timestamp: 7 });
    expect([text(letter!.key!), text(letter!.value), text(letter!.headers["a"]!)]).toEqual(["k", "v", "b"]);
    expect(Object.keys(letter!.headers)).toEqual(["a"]);
  });

  test("can be exported, retried and dropped, for good", async () => {
    const world = new World();
    world.other.otherwise = () => "dead";
    const outbox = await world.open();
    for (const value of ["a", "b", "c"]) await outbox.push({ key: value, value });
    await world.timers.pass(0);
    const lines: string[] = [];
    for await (const line of outbox.dead.export()) lines.push(line);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { key: "a", value: "a", cause: "refused" },
      { key: "b", value: "b" },
      { key: "c", value: "c" },
    ]);
    const [a, b] = await lettersOf(outbox);
    world.other.otherwise = () => "done";
    expect(await outbox.dead.retry(a!.offset)).toBe(true);
    expect(await outbox.dead.retry(a!.offset)).toBe(false);
    expect(await outbox.dead.drop(b!.offset)).toBe(true);
    await world.timers.pass(0);
    expect(world.other.values.at(-1)).toEqual(["a"]);
    expect(world.other.sent.at(-1)!.ids).not.toEqual([a!.id]);
    world.losePower();
    const again = await world.open();
    expect(await valuesOf(again)).toEqual(["c"]);
    expect(again.pending).toBe(0);
  });
});

describe("age", () => {
  test("a record that waited for too long is a dead letter with an event, on time", async () => {
    const world = new World();
    world.other.otherwise = () => "retry";
    const outbox = await world.open({ maxAgeMs: 60_000 });
    const told: DeadLetter[] = [];
    outbox.events.addEventListener("dead", ({ detail }) => told.push(detail));
    await outbox.push({ key: "k", value: "old", timestamp: 1 });
    await world.timers.pass(50_000);
    await outbox.push({ key: "k", value: "young" });
    expect(outbox.dead.count).toBe(0);
    await world.timers.pass(15_000);
    expect(told).toMatchObject([{ cause: "expired" }]);
    expect(await valuesOf(outbox)).toEqual(["old"]);
    expect(outbox.pending).toBe(1);
  });

  test("what is held grows old as well, and a letter that is retried is young again", async () => {
    const world = new World();
    world.other.answers.push("hold");
    const outbox = await world.open({ maxAgeMs: 60_000 });
    await outbox.push({ value: "one" });
    await world.timers.pass(70_000);
    const [letter] = await lettersOf(outbox);
    await outbox.dead.retry(letter!.offset);
    outbox.resume();
    await world.timers.pass(1000);
    expect(outbox.status).toMatchObject({ pending: 0, dead: 0 });
    expect(world.other.values.at(-1)).toEqual(["one"]);
  });
});

describe("budget", () => {
  test("reject: a push over the budget is refused, until there is room", async () => {
    const world = new World();
    world.other.otherwise = () => "retry";
    const outbox = await world.open({ maxBytes: 25 });
    await Promise.all([outbox.push(ten("a")), outbox.push(ten("b"))]);
    await expect(outbox.push(ten("c"))).rejects.toMatchObject({ code: "FULL" });
    await expect(outbox.push({ value: "x".repeat(26) })).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(outbox.status).toMatchObject({ pending: 2, pendingBytes: 20, dead: 0 });
    world.other.otherwise = () => "done";
    await world.timers.pass(600_000);
    await outbox.push(ten("c"));
  });

  test("block: a push over the budget waits for its turn", async () => {
    const world = new World();
    world.other.otherwise = () => "retry";
    const outbox = await world.open({ maxBytes: 25, whenFull: "block", order: "strict" });
    const pushed: string[] = [];
    const push = async (name: string) => {
      await outbox.push(ten(name));
      pushed.push(name);
    };
    const all = Promise.all(["a", "b", "c", "d"].map(push));
    await world.timers.pass(10_000);
    expect(pushed).toEqual(["a", "b"]);
    world.other.otherwise = () => "done";
    await world.timers.pass(600_000);
    await all;
    expect(pushed).toEqual(["a", "b", "c", "d"]);
    expect([...new Set(world.other.values.flat())].map((value) => value[0])).toEqual(["a", "b", "c", "d"]);
  });

  test("block: who waits is told when the outbox closes", async () => {
    const world = new World();
    world.other.otherwise = () => "retry";
    const outbox = await world.open({ maxBytes: 15, whenFull: "block" });
    await outbox.push(ten("a"));
    const waiting = expect(outbox.push(ten("b"))).rejects.toMatchObject({ code: "CLOSED" });
    await outbox.close();
    await waiting;
  });

  test("drop-oldest-to-dead: the oldest becomes a dead letter, durably, before the new one is in", async () => {
    const world = new World();
    world.other.otherwise = () => "retry";
    const outbox = await world.open({ maxBytes: 25, whenFull: "drop-oldest-to-dead" });
    const told: string[] = [];
    outbox.events.addEventListener("dead", ({ detail }) =>
      told.push(`${detail.cause} ${text(detail.value)[0]}`),
    );
    for (const name of ["a", "b"]) await outbox.push(ten(name));
    await world.timers.pass(0);
    for (const name of ["c", "d"]) await outbox.push(ten(name));
    await settled();
    expect(told).toEqual(["budget a", "budget b"]);
    world.losePower();
    const again = await world.open({ maxBytes: 25 });
    expect(again.status).toMatchObject({ pending: 2, dead: 2 });
  });
});

describe("whose data", () => {
  test("one principal never sees, sends or removes what another one pushed", async () => {
    const world = new World();
    world.other.otherwise = () => "hold";
    const ada = await world.open({ principal: "ada" });
    await ada.push({ value: "ada's" });
    await world.timers.pass(0);
    await ada.close();
    world.other.otherwise = () => "done";
    const others = ["grace", undefined, "ada.queue", "ada%2equeue", "Ada"];
    for (const principal of others) {
      const other = await world.open({ principal });
      expect(other.pending).toBe(0);
      await other.push({ value: "another's" });
      await world.timers.pass(1000);
      await other.close();
    }
    await forgetOutbox({ storage: world.storage, name: "orders", principal: "grace" });
    expect(world.other.values.slice(1).flat()).toEqual(others.map(() => "another's"));
    const again = await world.open({ principal: "ada" });
    expect(again.pending).toBe(1);
  });

  test("forgetOutbox removes the bytes of what was pending and dead, and only with nobody inside", async () => {
    const world = new World();
    world.other.answers.push("dead", "hold");
    const address = { storage: world.storage, name: "orders", principal: "ada" };
    const outbox = await world.open({ principal: "ada", order: "strict" });
    await outbox.push({ value: "secret one" });
    await world.timers.pass(0);
    await outbox.push({ value: "secret two" });
    await world.timers.pass(0);
    expect(outbox.status).toMatchObject({ pending: 1, dead: 1 });
    await expect(forgetOutbox(address)).rejects.toMatchObject({ code: "LOCKED" });
    await forgetOutbox({ ...address, principal: "nobody" });
    expect(world.disk.has("orders.nobody.queue/0")).toBe(false);
    await outbox.close();
    await forgetOutbox(address);
    world.losePower();
    for (const topic of ["orders.ada.queue", "orders.ada.dead"]) {
      for (const [, file] of world.disk.folder(`${topic}/0`).names) {
        const bytes = new Uint8Array(file.size);
        file.read(bytes, 0);
        expect(Buffer.from(bytes).includes("secret")).toBe(false);
      }
    }
    const again = await world.open({ principal: "ada" });
    expect(again.status).toMatchObject({ pending: 0, dead: 0 });
    expect(again.id).not.toBe(outbox.id);
  });
});

test("what no outbox can take is refused with a reason", async () => {
  const world = new World();
  const outbox = await world.open();
  await expect(outbox.push("text" as never)).rejects.toThrow(TypeError);
  await expect(outbox.push({ value: { a: 1 } as never })).rejects.toThrow(TypeError);
  await expect(outbox.push({ kind: 1 })).rejects.toThrow(/kind/);
  await expect(outbox.push({ headers: { "walkabout-number": "1" } })).rejects.toThrow(/reserved/);
  await expect(world.open({ order: "some" as never })).rejects.toThrow(/order/);
  await expect(world.open({ name: "" })).rejects.toThrow(/name/);
  await expect(world.open({ deliver: "/ingest" as never })).rejects.toThrow(/deliver/);
  await expect(world.open({ maxBytes: 0 })).rejects.toThrow(/maxBytes/);
});
