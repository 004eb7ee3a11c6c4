/**
 * The example of a receiver at the edge: a real browser has an outbox, which delivers to a Durable Object in a real
 * workerd, which is killed in the middle of deliveries and started again. Each record arrives once, in order.
 */
import { rmSync } from "node:fs";
import { buildPages } from "../browser/driver/build.mjs";
import { installBrowsers } from "../browser/driver/install.mjs";
import { startServer } from "../browser/driver/server.mjs";
import { session, withProfile } from "../browser/session.mjs";
import { folder } from "./install.mjs";
import { startWorkerd } from "./workerd.mjs";

const count = 600;
const disk = `${folder}/disk-example`;
const worker = {
  bundle: "example",
  objects: "Inbox",
  binding: "INBOXES",
  variables: { USERS: JSON.stringify({ "ada-s-token": "ada", "bob-s-token": "bob" }) },
};
/** Behind how many requests workerd is killed, each time with one on its way. */
const kills = [5, 15, 30, 50, 70];

export async function checkExample(tally) {
  await tally.check("browsers", installBrowsers);
  await tally.check(
    `a browser's ${count} records arrive once each, through ${kills.length} kills of workerd`,
    async () => {
      await buildPages();
      rmSync(disk, { recursive: true, force: true });
      const server = await startServer();
      const edge = new Edge();
      await edge.start();
      try {
        server.route("/ingest", (request, response) => edge.passOn(request, response));
        const said = await withProfile((profile) => send(server, profile));
        if (edge.kills < kills.length) throw new Error(`workerd was killed ${edge.kills} times only`);
        if (said.dead !== 0 || said.pending !== 0)
          throw new Error(`the outbox holds ${JSON.stringify(said)}`);
        demandOnce(await edge.records("ada-s-token"));
        const others = await edge.records("bob-s-token");
        if (others.length > 0) throw new Error(`somebody else has ${others.length} of them`);
        return `${edge.requests} requests, ${edge.broken} of them broken off`;
      } finally {
        await edge.stop();
        server.close();
      }
    },
  );
}

/** Resolves when the page has delivered everything, with what it said last. */
async function send(server, profile) {
  let said;
  const heard = (message, done) => {
    if (message.type === "drained") said = message;
    if (message.type === "end") done();
  };
  await session({ server, browser: "Chromium", profile, page: "sender", parameters: { count }, heard });
  return said;
}

/** Each value once, and those of a key in their order. */
function demandOnce(records) {
  const seen = new Set(records.map(({ value }) => value));
  if (records.length !== count || seen.size !== count) {
    throw new Error(`${records.length} records arrived, ${seen.size} of them different`);
  }
  const last = new Map();
  for (const { key, value } of records) {
    if (Number(value) < (last.get(key) ?? 0))
      throw new Error(`${value} of ${key} arrived behind ${last.get(key)}`);
    last.set(key, Number(value));
  }
}

/** A workerd behind the address of the pages, as a network stands between. Where it is dead, nobody answers. */
class Edge {
  requests = 0;
  broken = 0;
  kills = 0;
  #workerd;
  #restarted = Promise.resolve();

  async start() {
    this.#workerd = await startWorkerd(disk, worker);
  }

  async stop() {
    await this.#restarted;
    await this.#workerd.kill();
  }

  async passOn(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { authorization } = request.headers;
    const init = { method: "POST", headers: { authorization }, body: Buffer.concat(chunks) };
    const answered = fetch(this.#workerd.url("/ingest"), init);
    this.requests++;
    if (kills.includes(this.requests)) this.#restarted = this.#restarted.then(() => this.#restart());
    try {
      const answer = await answered;
      const body = await answer.text();
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body);
    } catch {
      this.broken++;
      response.destroy();
    }
  }

  /** Kills it at some moment of the delivery that is on its way. */
  async #restart() {
    const workerd = this.#workerd;
    await new Promise((wake) => setTimeout(wake, Math.random() * 4));
    await workerd.kill();
    await this.start();
    this.kills++;
  }

  async records(token) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(this.#workerd.url("/records"), { headers });
    if (!answer.ok)
      throw new Error(`the records were answered with ${answer.status}: ${await answer.text()}`);
    const lines = (await answer.text()).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line));
  }
}
