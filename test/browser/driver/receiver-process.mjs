/**
 * Receives what outboxes send, on a log in files: `node receiver-process.mjs FOLDER PORT`. It says so when it
 * listens. Some of its answers are lost when everything is stored.
 */
import { createServer } from "node:http";
import { root } from "../../tools/command.mjs";

const { openLog } = await import(`${root}dist/src/index.js`);
const { createReceiver } = await import(`${root}dist/src/receiver/index.js`);
const { nodeStorage } = await import(`${root}dist/adapters/node/storage.js`);

const [, , folder, port] = process.argv;
const lostAnswers = 0.05;

const log = await openLog({
  storage: nodeStorage(folder),
  topic: "received",
  maxProducers: 10_000,
  lockWaitMs: 10_000,
});
const receive = createReceiver({ log, onError: (error) => console.error(error) });

/** The pages come from another origin. */
const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "content-type, idempotency-key",
  "access-control-max-age": "600",
};

const server = createServer((incoming, outgoing) => {
  answer(incoming, outgoing).catch(() => outgoing.destroy());
});

async function answer(incoming, outgoing) {
  if (incoming.method === "OPTIONS") {
    outgoing.writeHead(204, cors).end();
    return;
  }
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const request = new Request(`http://receiver${incoming.url}`, {
    method: incoming.method,
    headers: incoming.headers,
    body: Buffer.concat(chunks),
  });
  const response = await receive(request);
  if (Math.random() < lostAnswers) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), ...cors });
  outgoing.end(await response.text());
}

server.listen(Number(port), "127.0.0.1", () => console.log("listening"));
process.on("SIGTERM", async () => {
  server.closeAllConnections();
  server.close();
  await log.close();
  process.exit();
});
