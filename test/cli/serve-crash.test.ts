/** `serve` among crashes: real outboxes deliver to the built program while it is killed and stopped again and again. */
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { fetchDelivery, openOutbox, type Outbox } from "../../src/outbox/index.ts";
import { batch, post, type Serving, serve, valuesIn } from "./service.ts";
import { Dice } from "../real/dice.ts";
import { Workshop } from "./tool.ts";

/** Behind how many milliseconds the service is ended. */
const seed = Number(process.env.SERVE_SEED ?? Date.now() % 1_000_000);

/** A port that is free, and stays the same when the service is started again. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return String(port);
}

async function outboxFor(url: string, name: string): Promise<Outbox> {
  const outbox = await openOutbox({
    storage: memoryStorage({ disk: new MemoryDisk() }),
    name,
    deliver: fetchDelivery({ url }),
    batch: { maxRecords: 5 },
    backoff: { baseMs: 1, maxMs: 20 },
  });
  onTestFinished(() => outbox.close());
  return outbox;
}

const keys = 4;

/** Pushes `count` records, a few at a time. */
async function push(outbox: Outbox, name: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await outbox.push({ key: `k${index % keys}`, value: `${name} ${index}` });
    if (index % 10 === 9) await delay(1);
  }
}

/** Each record once, and in order of each key. */
function expectExactlyOnce(values: readonly string[], names: readonly string[], count: number): void {
  for (const name of names) {
    const own = values
      .filter((value) => value.startsWith(`${name} `))
      .map((value) => Number(value.split(" ")[1]));
    expect(own.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
    for (let key = 0; key < keys; key++) {
      const ofKey = own.filter((index) => index % keys === key);
      expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
    }
  }
  expect(values).toHaveLength(names.length * count);
}

test.each(["SIGKILL", "SIGTERM", "both"] as const)(
  `what two outboxes deliver is there once each, whenever the service is ended: %s (SERVE_SEED=${seed})`,
  async (how) => {
    const dice = new Dice(seed);
    const shop = new Workshop();
    const [port, count] = [await freePort(), 600];
    const start = (): Promise<Serving> => serve(shop, ["--port", port]);
    let serving = await start();
    const names = ["ada", "grace"];
    const outboxes = await Promise.all(names.map((name) => outboxFor(serving.url, name)));
    const pushed = Promise.all(outboxes.map((outbox, index) => push(outbox, names[index]!, count)));
    let isPushed = false;
    void pushed.then(() => (isPushed = true));
    let ends = 0;
    while (ends < 4 || (!isPushed && ends < 12)) {
      // At any moment of the deliveries: never at the same twice.
      await delay(dice.below(150));
      const signal = how === "both" ? (["SIGKILL", "SIGTERM"] as const)[ends % 2]! : how;
      const { code, err } = await serving.stop(signal);
      expect([code, err]).toEqual([signal === "SIGKILL" ? null : 0, ""]);
      ends++;
      serving = await start();
    }
    await pushed;
    await Promise.all(outboxes.map((outbox) => outbox.drained()));
    for (const { status } of outboxes) expect(status).toMatchObject({ pending: 0, dead: 0 });
    expect((await serving.stop("SIGTERM")).code).toBe(0);
    expectExactlyOnce(await valuesIn(shop), names, count);
    expect(await shop.json("verify", "data/events/0")).toMatchObject({ verdict: "sound", closed: true });
  },
);

test.each(["SIGTERM", "SIGKILL"] as const)(
  "whatever was answered with 200 is there after %s",
  async (signal) => {
    const shop = new Workshop();
    for (let round = 0; round < 5; round++) {
      const { url, stop } = await serve(shop);
      const acknowledged: string[] = [];
      const statuses = new Set<number>();
      const send = async (sender: number): Promise<void> => {
        for (let sequence = 0; ; sequence++) {
          const value = `round ${round}, sender ${sender}, ${sequence}`;
          const outbox = `r${round}-s${sender}`;
          const answer = await post(url, batch(sequence, [value], { outbox })).catch(() => undefined);
          if (answer === undefined) return;
          statuses.add(answer.status);
          if (answer.status !== 200) return;
          acknowledged.push(value);
        }
      };
      const senders = Promise.all(Array.from({ length: 8 }, (_, sender) => send(sender)));
      while (acknowledged.length < 50) await delay(1);
      const { code, err } = await stop(signal);
      await senders;
      expect([code, err]).toEqual([signal === "SIGKILL" ? null : 0, ""]);
      // Whoever comes too late is told to try again.
      for (const status of statuses) expect([200, 503]).toContain(status);
      const values = new Set(await valuesIn(shop));
      expect(acknowledged.filter((value) => !values.has(value))).toEqual([]);
      const { closed } = await shop.json("verify", "data/events/0");
      expect(closed).toBe(signal === "SIGTERM");
      expect((await shop.run(["append", "data/lock-is-free/0", "x"])).code).toBe(0);
    }
  },
);
