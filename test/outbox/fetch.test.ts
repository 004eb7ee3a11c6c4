/** HTTP to verdicts, on a real server and through what `fetch` would answer. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { nodeListener } from "../../adapters/node-http/listener.ts";
import { openLog } from "../../src/index.ts";
import { fetchDelivery, openOutbox, type OutboxStatus } from "../../src/outbox/index.ts";
import { createReceiver } from "../../src/receiver/index.ts";
import { World } from "./world.ts";

/** What an outbox of one record does about one answer. */
async function outcomeOf(
  answer: () => Promise<Response>,
): Promise<OutboxStatus & { waitMs: number | undefined }> {
  const world = new World();
  const deliver = fetchDelivery({ url: "/ingest", fetch: answer as never });
  const outbox = await world.open({ deliver });
  let waitMs: number | undefined;
  outbox.events.addEventListener("retry", ({ detail }) => (waitMs = detail.waitMs));
  await outbox.push({ value: "one" });
  await world.timers.pass(0);
  const { status } = outbox;
  await outbox.close();
  return { ...status, waitMs };
}

const done = { state: "idle", pending: 0, dead: 0 };
const retry = { state: "waiting", pending: 1, dead: 0 };
const hold = { state: "held", pending: 1, dead: 0 };
const dead = { state: "idle", pending: 0, dead: 1 };

test.each([
  [200, done],
  [201, done],
  [204, done],
  [301, retry],
  [302, retry],
  [304, retry],
  [400, dead],
  [401, hold],
  [403, hold],
  [404, dead],
  [408, retry],
  [409, dead],
  [410, dead],
  [413, dead],
  [422, dead],
  [425, retry],
  [429, retry],
  [500, retry],
  [502, retry],
  [503, retry],
  [504, retry],
] as const)("an answer of %i", async (status, expected) => {
  const bodyless = status === 204 || status === 304;
  const answer = async () => new Response(bodyless ? null : "text", { status });
  expect(await outcomeOf(answer)).toMatchObject(expected);
});

test("409 is done with the mark of a duplicate, and a hold for a zombie", async () => {
  expect(await outcomeOf(async () => Response.json({ duplicate: true }, { status: 409 }))).toMatchObject(
    done,
  );
  const headers = { "walkabout-duplicate": "1" };
  expect(await outcomeOf(async () => new Response("", { status: 409, headers }))).toMatchObject(done);
  expect(await outcomeOf(async () => Response.json({ fenced: true }, { status: 409 }))).toMatchObject(hold);
});

test("network errors, an answer that breaks off and a login page behind a redirect are retries", async () => {
  expect(await outcomeOf(() => Promise.reject(new TypeError("failed to fetch")))).toMatchObject(retry);
  const body = new ReadableStream({ start: (controller) => controller.error(new Error("reset")) });
  expect(await outcomeOf(async () => new Response(body))).toMatchObject(retry);
  const opaque = { status: 0, headers: new Headers(), text: async () => "" };
  expect(await outcomeOf(async () => opaque as never)).toMatchObject(retry);
});

test("Retry-After is kept, in seconds and as a date", async () => {
  const inSeconds = { "retry-after": "120" };
  const { waitMs } = await outcomeOf(async () => new Response("", { status: 429, headers: inSeconds }));
  expect(waitMs).toBeCloseTo(126_000);
  const asDate = { "retry-after": new Date(Date.now() + 100_000).toUTCString() };
  const dated = await outcomeOf(async () => new Response("", { status: 503, headers: asDate }));
  expect(dated.waitMs).toBeGreaterThan(50_000);
  const nonsense = { "retry-after": "soon" };
  expect(await outcomeOf(async () => new Response("", { status: 503, headers: nonsense }))).toMatchObject(
    retry,
  );
});

test("207 answers each record by itself, and is a retry where it does not", async () => {
  const world = new World();
  const verdicts = ["done", { verdict: "dead", reason: "bad" }, "retry"];
  const answers = [
    Response.json({ verdicts: ["done"] }, { status: 207 }),
    new Response("broken", { status: 207 }),
    Response.json({ verdicts }, { status: 207 }),
  ];
  const fetch = async () => answers.shift() ?? new Response("", { status: 503 });
  const deliver = fetchDelivery({ url: "/ingest", fetch: fetch as never });
  const outbox = await world.open({ deliver, backoff: { baseMs: 10, maxMs: 10 } });
  await Promise.all(["a", "b", "c"].map((value) => outbox.push({ key: "k", value })));
  await world.timers.pass(12);
  expect(outbox.status).toMatchObject({ pending: 1, dead: 1 });
});

async function serve(handle: (request: Request) => Promise<Response>): Promise<string> {
  const server = createServer(nodeListener(handle)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** What takes the connection with it. */
const lostAnswer = () => new Response(new ReadableStream({ pull: () => Promise.reject(new Error("lost")) }));

const authorize = (request: { headers: { get(name: string): string | null } }) =>
  request.headers.get("authorization") === "Bearer 2" ? "ada" : undefined;

test("over real HTTP, with answers lost and tokens renewed, the receiver has everything once and in order", async () => {
  const log = await openLog({ storage: memoryStorage(), topic: "events" });
  const receive = createReceiver({ log, authorize });
  let requests = 0;
  const url = await serve(async (request) => {
    const response = await receive(request);
    // Every third answer is lost, though its records are stored.
    return ++requests % 3 === 0 ? lostAnswer() : response;
  });
  let token = 1;
  const headers = async () => ({ authorization: `Bearer ${token}` });
  const outbox = await openOutbox({
    storage: memoryStorage({ disk: new MemoryDisk() }),
    name: "orders",
    deliver: fetchDelivery({ url: new URL(url), headers }),
    batch: { maxRecords: 7 },
    backoff: { baseMs: 1, maxMs: 5 },
  });
  const held = new Promise((resolve) => outbox.events.addEventListener("held", resolve, { once: true }));
  const pushes = Array.from({ length: 200 }, (_, index) =>
    outbox.push({ key: `k${index % 5}`, value: String(index) }),
  );
  await Promise.all(pushes);
  await held;
  token = 2;
  outbox.resume();
  await outbox.drained();
  await outbox.close();
  const values: number[] = [];
  for await (const { value } of log.read()) values.push(Number(new TextDecoder().decode(value)));
  expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index));
  for (let key = 0; key < 5; key++) {
    const own = values.filter((value) => value % 5 === key);
    expect(own).toEqual(own.toSorted((a, b) => a - b));
  }
});
