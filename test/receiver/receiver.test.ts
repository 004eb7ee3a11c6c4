/** What a receiver takes, what it refuses, and that a repeat is one record across restarts. */
import { describe, expect, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { type Log, openLog, type OpenLogOptions } from "../../src/index.ts";
import { createReceiver, type ReceiverOptions } from "../../src/receiver/index.ts";

class Server {
  disk = new MemoryDisk();
  log!: Log;
  handle!: (request: Request) => Promise<Response>;
  readonly errors: unknown[] = [];

  async start(options: Partial<ReceiverOptions> = {}, log: Partial<OpenLogOptions> = {}): Promise<this> {
    const storage = memoryStorage({ disk: this.disk });
    this.log = await openLog({ storage, topic: "events", ...log });
    const onError = (error: unknown) => void this.errors.push(error);
    this.handle = createReceiver({ log: this.log, onError, ...options });
    return this;
  }

  async send(
    batch: object | string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: any }> {
    const body = typeof batch === "string" ? batch : JSON.stringify(batch);
    const response = await this.handle(
      new Request("http://server/ingest", { method: "POST", body, headers }),
    );
    return { status: response.status, body: await response.json() };
  }

  async values(): Promise<string[]> {
    const values: string[] = [];
    for await (const { value } of this.log.read()) values.push(new TextDecoder().decode(value));
    return values;
  }
}

const authorize = (request: { headers: { get(name: string): string | null } }) =>
  request.headers.get("authorization") ?? undefined;

const batch = (sequence: number, values: string[], more: object = {}) => ({
  outbox: "outbox-1",
  incarnation: 1,
  lane: 0,
  sequence,
  records: values.map((value) => ({ value, timestamp: 7 })),
  ...more,
});

describe("a repeat", () => {
  test("is stored once, in part or as a whole, also across a loss of power", async () => {
    const server = await new Server().start();
    expect(await server.send(batch(5, ["a", "b"]))).toEqual({
      status: 200,
      body: { stored: 2, duplicates: 0 },
    });
    expect(await server.send(batch(5, ["a", "b"]))).toMatchObject({ body: { stored: 0, duplicates: 2 } });
    server.disk = server.disk.losePower();
    await server.start();
    expect(await server.send(batch(5, ["a", "b", "c"]))).toMatchObject({
      body: { stored: 1, duplicates: 2 },
    });
    expect(await server.values()).toEqual(["a", "b", "c"]);
  });

  test("is recognised after the log was truncated, rotated and reopened, and what is new is stored", async () => {
    const server = await new Server().start();
    await server.send(batch(0, ["a", "b"]));
    await server.log.truncateBefore(server.log.next);
    expect(await server.send(batch(0, ["a", "b", "c"]))).toMatchObject({ status: 200 });
    await server.log.truncateBefore(server.log.next);
    await server.log.close();
    await server.start();
    expect(await server.send(batch(1, ["b", "c", "d"]))).toMatchObject({ status: 200 });
    expect(await server.values()).toEqual(["d"]);
  });

  test("is recognised when its place is long forgotten, and what is new beside it is stored", async () => {
    const server = await new Server().start();
    for (let index = 0; index < 40; index++) await server.send(batch(index * 10, [`v${index}`]));
    const records = Array.from({ length: 300 }, (_, index) => `v${index / 10}`);
    await server.send(batch(100, records));
    const values = await server.values();
    expect(new Set(values).size).toBe(values.length);
    expect(values.slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, index) => `v${index}`));
    expect(values.length).toBe(40 + 9);
  });

  test("that arrives beside the first is one record, whichever is answered first", async () => {
    const server = await new Server().start();
    const answers = await Promise.all([0, 1, 2].map(() => server.send(batch(0, ["a", "b"]))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await server.values()).toEqual(["a", "b"]);
  });

  test("is told by outbox and lane, and by principal, whom nobody else can speak for", async () => {
    const server = await new Server().start({ authorize });
    const ada = { authorization: "ada" };
    await server.send(batch(0, ["ada 0"]), ada);
    await server.send(batch(0, ["ada lane 1"], { lane: 1 }), ada);
    await server.send(batch(0, ["ada outbox 2"], { outbox: "outbox-2" }), ada);
    await server.send(batch(0, ["grace"]), { authorization: "grace" });
    expect(await server.values()).toHaveLength(4);
  });
});

test("what arrives is stored as it was pushed", async () => {
  const server = await new Server().start();
  const headers = { trace: "abc", raw: { base64: btoa("\u0000\u00ff") } };
  await server.send({
    ...batch(0, []),
    records: [{ key: "k", value: { base64: btoa("\u0080") }, headers, timestamp: 42 }],
  });
  for await (const record of server.log.read()) {
    expect(record).toMatchObject({ timestamp: 42, value: new Uint8Array([128]), key: new Uint8Array([107]) });
    expect(record.headers["raw"]).toEqual(new Uint8Array([0, 255]));
  }
  expect(server.log.next).toBe(1);
});

describe("a refusal", () => {
  const good = batch(0, ["a", "b"]);
  const record = { value: "a", timestamp: 1 };
  const malformed: [string, object | string][] = [
    ["no JSON", "{"],
    ["an array", "[]"],
    ["nothing", "null"],
    ["no outbox", { ...good, outbox: undefined }],
    ["an outbox with a slash", { ...good, outbox: "a/b" }],
    ["a negative sequence", { ...good, sequence: -1 }],
    ["a sequence out of bounds", { ...good, sequence: Number.MAX_SAFE_INTEGER }],
    ["a lane out of bounds", { ...good, lane: 64 }],
    ["no incarnation", { ...good, incarnation: "1" }],
    ["no records", { ...good, records: [] }],
    ["a record that is none", { ...good, records: [record, 7] }],
    ["a record without a value", { ...good, records: [record, { timestamp: 1 }] }],
    ["a bad value behind a good one", { ...good, records: [record, { value: 7, timestamp: 1 }] }],
    ["bad base64", { ...good, records: [{ value: { base64: "*" }, timestamp: 1 }] }],
    ["a lone surrogate", { ...good, records: [{ value: "\ud800", timestamp: 1 }] }],
    ["bad headers", { ...good, records: [{ ...record, headers: { a: 1 } }] }],
    ["a bad timestamp", { ...good, records: [{ ...record, timestamp: 1.5 }] }],
  ];

  test.each(malformed)("400 with a reason: %s", async (_, body) => {
    const server = await new Server().start();
    const answer = await server.send(body);
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringMatching(/./) } });
    expect(server.log.next).toBe(0);
  });

  test("413: a body that says it is too large, one that turns out to be, and too large a batch", async () => {
    const server = await new Server().start({ limits: { bodyBytes: 500 } }, { maxBatchBytes: 256 });
    expect(await server.send(batch(0, ["x".repeat(600)]))).toMatchObject({ status: 413 });
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(100))),
    });
    const request = new Request("http://server/", { method: "POST", body, duplex: "half" } as RequestInit);
    expect((await server.handle(request)).status).toBe(413);
    expect(await server.send(batch(0, ["x".repeat(300)]))).toMatchObject({ status: 413 });
    expect(server.log.next).toBe(0);
  });

  test("400 for too many records, 405 for anything but POST, 401 for nobody", async () => {
    const server = await new Server().start({ limits: { records: 2 } });
    expect(await server.send(batch(0, ["a", "b", "c"]))).toMatchObject({ status: 400 });
    expect((await server.handle(new Request("http://server/"))).status).toBe(405);
    const strict = await new Server().start({ authorize: async () => undefined });
    expect(await strict.send(batch(0, ["a"]))).toMatchObject({ status: 401 });
    expect(strict.log.next).toBe(0);
  });

  test("429 for more outboxes than one principal may have", async () => {
    const server = await new Server().start({ limits: { outboxes: 2 } });
    const statuses: number[] = [];
    for (const outbox of ["a", "b", "c", "a"]) {
      statuses.push((await server.send(batch(0, ["x"], { outbox }))).status);
    }
    expect(statuses).toEqual([200, 200, 429, 200]);
  });

  test("409 for a zombie, whose outbox was opened again since", async () => {
    const server = await new Server().start();
    await server.send(batch(0, ["a"], { incarnation: 1 }));
    await server.send(batch(1, ["b"], { incarnation: 2 }));
    const answer = await server.send(batch(1, ["zombie's"], { incarnation: 1 }));
    expect(answer).toMatchObject({ status: 409, body: { fenced: true } });
    expect(await server.values()).toEqual(["a", "b"]);
  });

  test("503 when the log cannot take it: nothing is half there, and the next attempt is stored once", async () => {
    const server = await new Server().start();
    const storage = memoryStorage({ disk: new MemoryDisk() });
    let failing = false;
    const log = await openLog({
      storage: {
        ...storage,
        open: async (path, how) => {
          const place = (await storage.open(path, how))!;
          return {
            ...place,
            create: async (name) => {
              const file = await place.create(name);
              return {
                ...file,
                flush: async () => {
                  if (failing) throw new Error("EIO");
                  return file.flush();
                },
              };
            },
          };
        },
      },
      topic: "events",
    });
    server.log = log;
    server.handle = createReceiver({ log, onError: (error) => void server.errors.push(error) });
    failing = true;
    const answer = await server.send(batch(0, ["a", "b"]));
    expect(answer.status).toBe(503);
    expect(server.errors).toMatchObject([{ code: "FLUSH_FAILED" }]);
    failing = false;
    expect(await server.send(batch(0, ["a", "b"]))).toMatchObject({ body: { stored: 2, duplicates: 0 } });
    expect(await server.values()).toEqual(["a", "b"]);
  });
});
