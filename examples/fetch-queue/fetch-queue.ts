/**
 * A queue of whole requests, as workbox-background-sync offers it, and what that one does not do: a request
 * leaves the queue when its server has answered for it, not before; answers are told apart; nothing expires in
 * silence; requests to one origin keep their order. For pages, service workers and Node.
 *
 *     const queue = await openFetchQueue({ storage: browserStorage(), name: "requests", principal: userId });
 *     await queue.fetch("/api/orders", { method: "POST", body: JSON.stringify(order) });   // when it is on disk
 */
import {
  type Deliver,
  openOutbox,
  type Outbox,
  type OutboxOptions,
  verdictOfResponse,
} from "../../src/outbox/index.ts";

export interface FetchQueueOptions extends Omit<OutboxOptions, "deliver"> {
  /** The default is the runtime's. */
  readonly fetch?: typeof fetch;
  /** Added to each request when it is sent, so that no token is stored with it, or grows old in the queue. */
  readonly headers?: () => HeadersInit | Promise<HeadersInit>;
}

export interface FetchQueue {
  /** Takes a request, and resolves when it is durable. It is sent as soon as that is possible. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<void>;
  /** What is pending, held or dead; see `walkabout/outbox`. */
  readonly outbox: Outbox;
  close(): Promise<void>;
}

/** What is stored of a request besides its body. */
interface Envelope {
  readonly url: string;
  readonly method: string;
  readonly headers: [string, string][];
}

export async function openFetchQueue({
  fetch: given,
  headers,
  ...options
}: FetchQueueOptions): Promise<FetchQueue> {
  const deliver: Deliver = async ({ records }, { signal }) => {
    const [record] = records;
    const { url, method, headers: stored } = JSON.parse(textOf(record!.headers["request"]!)) as Envelope;
    const request = new Request(url, {
      method,
      headers: [...stored, ["idempotency-key", record!.id], ...new Headers(await headers?.())],
      ...(record!.value.length > 0 && { body: new Uint8Array(record!.value) }),
      redirect: "manual",
      signal: signal as AbortSignal,
    });
    return verdictOfResponse(await (given ?? fetch)(request));
  };
  const outbox = await openOutbox({ ...options, deliver, batch: { maxRecords: 1 } });
  return {
    outbox,
    close: () => outbox.close(),
    async fetch(input, init) {
      const base = (globalThis as { location?: { href: string } }).location?.href;
      const request =
        input instanceof Request ? new Request(input, init) : new Request(new URL(input, base), init);
      const { url, method } = request;
      const envelope: Envelope = { url, method, headers: [...request.headers] };
      await outbox.push({
        key: new URL(url).origin,
        value: new Uint8Array(await request.arrayBuffer()),
        headers: { request: JSON.stringify(envelope) },
      });
    },
  };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
