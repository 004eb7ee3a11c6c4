/**
 * A Worker that takes what outboxes deliver: each user has a Durable Object with a log in it, to which every record
 * is appended once, whichever side crashes when. In the browser it is driven by
 *
 *     openOutbox({ storage, name: "orders", principal: user, deliver: fetchDelivery({ url: "/ingest", headers }) })
 *
 * `POST /ingest` takes deliveries, and `GET /records?from=0` answers what arrived, a line of JSON for each record.
 */
import { durableObjectStorage, type ObjectStorage } from "../../adapters/durable-object/storage.ts";
import { type Log, openLog } from "../../src/index.ts";
import { createReceiver, type Handler } from "../../src/receiver/index.ts";

interface Environment {
  readonly INBOXES: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
  /** Who has which token, as JSON: `{ "token": "user" }`. Put your own way to know users in place of it. */
  readonly USERS: string;
}

export default {
  async fetch(request: Request, { INBOXES, USERS }: Environment): Promise<Response> {
    const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    const users = new Map<string, string>(Object.entries(JSON.parse(USERS)));
    const user = token === undefined ? undefined : users.get(token);
    if (user === undefined) return new Response("who are you?", { status: 401 });
    const headers = new Headers(request.headers);
    headers.set("x-user", user);
    return INBOXES.get(INBOXES.idFromName(user)).fetch(new Request(request, { headers }));
  },
};

/** The log of one user. Nobody but the Worker above can reach it, which says who the user is. */
export class Inbox {
  readonly #storage: ObjectStorage;
  #opened: Promise<{ log: Log; receive: Handler }> | undefined;

  constructor({ storage }: { readonly storage: ObjectStorage }) {
    this.#storage = storage;
  }

  async fetch(request: Request): Promise<Response> {
    const { log, receive } = await this.#open();
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/ingest") return receive(request);
    if (pathname === "/records") return list(log, Number(searchParams.get("from") ?? log.first));
    return new Response("there is nothing here", { status: 404 });
  }

  /** An object that starts reads no more than the last segment, however long the log is. */
  #open(): Promise<{ log: Log; receive: Handler }> {
    this.#opened ??= openLog({ storage: durableObjectStorage(this.#storage), topic: "inbox" }).then(
      (log) => ({
        log,
        receive: createReceiver({ log, authorize: (request) => request.headers.get("x-user") ?? undefined }),
      }),
    );
    // What failed is tried again by the next request.
    this.#opened.catch(() => (this.#opened = undefined));
    return this.#opened;
  }
}

function list(log: Log, from: number): Response {
  const text = new TextDecoder();
  const encoder = new TextEncoder();
  const records = log.read({ from })[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value: record } = await records.next();
      if (done) return controller.close();
      const { offset, timestamp, key, value } = record;
      const line = { offset, timestamp, key: key && text.decode(key), value: text.decode(value) };
      controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
    },
    async cancel() {
      await records.return?.();
    },
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}
