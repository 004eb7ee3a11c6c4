/**
 * The fetch queue against a real server and real files, in the situations in which workbox-background-sync
 * loses requests: the process dies while one is on its way, and the server answers with an error.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { openFetchQueue } from "../../examples/fetch-queue/fetch-queue.ts";

interface Seen {
  readonly method: string;
  readonly body: string;
  readonly key: string;
  readonly token: string;
  readonly type: string;
}

/** Answers with the next of `statuses`, then 200; a 0 closes the connection without an answer. */
async function serve(statuses: number[]): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { "idempotency-key": key, authorization: token, "content-type": type } = request.headers;
      seen.push({
        method: request.method!,
        body,
        key: String(key),
        token: String(token),
        type: String(type),
      });
      const status = statuses.shift() ?? 200;
      if (status === 0) return void request.socket.destroy();
      response.writeHead(status);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`, seen };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "walkabout-queue-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const never = () => new Promise<Response>(() => undefined);
const headers = () => ({ authorization: "Bearer fresh" });
const settings = { name: "requests", backoff: { baseMs: 1, maxMs: 5 } };

test("requests arrive in order and once each, through errors, lost answers and a restart", async () => {
  const { url, seen } = await serve([503, 0, 200, 500]);
  const storage = () => nodeStorage(path);
  const path = folder();
  const dying = await openFetchQueue({ ...settings, storage: storage(), fetch: never });
  const type = { "content-type": "application/json" };
  for (const id of [1, 2, 3]) await dying.fetch(url, { method: "POST", body: `{"id":${id}}`, headers: type });
  // On its way, and then the process ends.
  await dying.close();
  const queue = await openFetchQueue({ ...settings, storage: storage(), headers });
  expect(queue.outbox.pending).toBe(3);
  await queue.fetch(url, { method: "DELETE" });
  await queue.outbox.drained();
  await queue.close();
  const keys = [...new Set(seen.map(({ key }) => key))];
  expect(keys).toHaveLength(4);
  expect(seen.map(({ key }) => keys.indexOf(key))).toEqual([0, 0, 0, 1, 1, 2, 3]);
  expect(seen.at(-2)).toMatchObject({
    method: "POST",
    body: '{"id":3}',
    token: "Bearer fresh",
    type: "application/json",
  });
  expect(seen.at(-1)).toMatchObject({ method: "DELETE", body: "" });
});

test("a request that is refused for good can be seen, and one that needs a login waits", async () => {
  const { url } = await serve([422, 401]);
  const queue = await openFetchQueue({ ...settings, storage: nodeStorage(folder()) });
  const told = (type: "held" | "dead") =>
    new Promise((resolve) => queue.outbox.events.addEventListener(type, resolve, { once: true }));
  const both = Promise.all([told("held"), told("dead")]);
  await queue.fetch(url, { method: "POST", body: "bad" });
  await queue.fetch(new Request(url, { method: "POST", body: "good" }));
  await both;
  expect(queue.outbox.status).toMatchObject({ state: "held", pending: 1, dead: 1 });
  for await (const letter of queue.outbox.dead.list()) expect(letter.response).toMatchObject({ status: 422 });
  queue.outbox.resume();
  await queue.outbox.drained();
  await queue.close();
});
