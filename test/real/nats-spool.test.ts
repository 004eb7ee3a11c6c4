/**
 * The spool in front of a real nats-server, which is killed again and again in the middle, while connections are
 * lost and the spool is closed and opened: in the end its stream holds each message once, in the order of its key.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NatsConnection } from "nats";
import { expect, onTestFinished, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { openNatsSpool } from "../../examples/nats-spool/nats-spool.ts";
import type { Outbox } from "../../src/outbox/index.ts";
import { isThere } from "../tools/debian.mjs";

const whyNot = isThere("nats-server") ? "" : " (skipped: nats-server is missing)";
const count = 3000;
const kills = 3;
const minute = 60_000;

class NatsServer {
  readonly #folder: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  start(): void {
    const args = ["-a", "127.0.0.1", "-p", String(this.#port), "-js", "-sd", this.#folder];
    this.#child = spawn("nats-server", args, { stdio: "ignore" });
  }

  async kill(): Promise<void> {
    this.#child!.kill("SIGKILL");
    await once(this.#child!, "exit");
  }

  /** A connection that is lost is lost: the spool asks for another one. */
  readonly connect = (): Promise<NatsConnection> => {
    return connect({ servers: `127.0.0.1:${this.#port}`, reconnect: false, timeout: 2000 });
  };

  async connectPatiently(): Promise<NatsConnection> {
    for (let tries = 0; ; tries++) {
      try {
        const connection = await this.connect();
        await (await connection.jetstreamManager()).getAccountInfo();
        return connection;
      } catch (error) {
        if (tries === 100) throw error;
        await sleep(50);
      }
    }
  }
}

test.runIf(whyNot === "")(
  `each message is in the stream once and in order${whyNot}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "walkabout-nats-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const server = new NatsServer(join(folder, "nats"), await freePort());
    server.start();
    onTestFinished(() => server.kill());
    const first = await server.connectPatiently();
    const streams = await first.jetstreamManager();
    const duplicate_window = 10 * minute * 1e6;
    await streams.streams.add({ name: "ORDERS", subjects: ["orders.>"], duplicate_window });
    await first.close();

    const connections: NatsConnection[] = [];
    onTestFinished(async () => {
      for (const connection of connections) await connection.close().catch(() => undefined);
    });
    let retries = 0;
    const open = async (): Promise<Outbox> => {
      const outbox = await openNatsSpool({
        storage: nodeStorage(join(folder, "spool")),
        backoff: { baseMs: 5, maxMs: 50 },
        batch: { maxRecords: 20 },
        connect: async () => {
          const connection = await server.connect();
          connections.push(connection);
          return connection;
        },
      });
      outbox.events.addEventListener("retry", ({ detail }) => (retries += detail.count));
      return outbox;
    };
    let outbox = await open();
    const step = count / kills;
    for (let number = 0; number < count; number += 10) {
      const pushes = Array.from({ length: 10 }, (_, index) => push(outbox, number + index));
      await Promise.all(pushes);
      // What is on its way arrives, and its answer does not.
      if (number % 100 === 0) void connections.at(-1)?.close();
      if (number % step === step / 2) {
        await server.kill();
        // What is pushed now waits.
        await push(outbox, count + number);
        await outbox.close();
        server.start();
        outbox = await open();
      }
    }
    await outbox.drained();
    await outbox.close();

    expect(retries).toBeGreaterThan(0);
    const values = await valuesOf(await server.connectPatiently());
    const numbers = values.map((value) => Number(value.split(" ")[0]));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toHaveLength(count + kills);
    for (let key = 0; key < 7; key++) {
      const own = numbers.filter((number) => number < count && number % 7 === key);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  },
  2 * minute,
);

test.runIf(whyNot === "")(
  `a message that no stream takes waits, and one without a subject is dead${whyNot}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "walkabout-nats-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const server = new NatsServer(join(folder, "nats"), await freePort());
    server.start();
    onTestFinished(() => server.kill());
    const connection = await server.connectPatiently();
    const outbox = await openNatsSpool({
      storage: nodeStorage(join(folder, "spool")),
      backoff: { baseMs: 5, maxMs: 50 },
      connect: async () => connection,
    });
    const heard = (type: "dead" | "retry") =>
      new Promise((resolve) => outbox.events.addEventListener(type, resolve, { once: true }));
    const both = Promise.all([heard("dead"), heard("retry")]);
    await outbox.push({ value: "a" });
    await outbox.push({ value: "b", headers: { subject: "orders.late" } });
    await both;
    const { streams } = await connection.jetstreamManager();
    await streams.add({ name: "ORDERS", subjects: ["orders.>"] });
    await outbox.drained();
    expect(outbox.dead.count).toBe(1);
    expect(await valuesOf(connection)).toEqual(["b"]);
    await outbox.close();
  },
);

function push(outbox: Outbox, number: number): Promise<unknown> {
  return outbox.push({
    key: `k${number % 7}`,
    value: `${number} ${"x".repeat(number % 300)}`,
    headers: { subject: `orders.k${number % 7}`, number: String(number) },
  });
}

async function valuesOf(connection: NatsConnection): Promise<string[]> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info("ORDERS");
  const values: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    values.push((await manager.streams.getMessage("ORDERS", { seq })).string());
  }
  await connection.close();
  return values;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

const sleep = (ms: number) => new Promise((wake) => setTimeout(wake, ms));
