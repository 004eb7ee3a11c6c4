/** The handler: requests in, answers out. What it answers with 200 is durable. */
import { WalError } from "../index.ts";
import { decodeBatch, MalformedBatch } from "../wire/batch.ts";
import { readBody } from "./body.ts";
import {
  checkOptions,
  type ReceiverOptions,
  type ReceiverRequest,
  type ReceiverSettings,
} from "./options.ts";
import { Refusal } from "./refusal.ts";
import { Senders } from "./senders.ts";
import { store, type Stored } from "./store.ts";

/**
 * A fetch-standard handler, for Node, Bun, Deno and edge runtimes. Where the DOM's types or those of
 * the runtime are there, `Request` and `Response` are theirs.
 */
export type Handler = (request: PlatformRequest) => Promise<PlatformResponse>;

type Platform<Name extends string, Otherwise> = typeof globalThis extends {
  [name in Name]: { prototype: infer Instance };
}
  ? Instance
  : Otherwise;
type PlatformRequest = Platform<"Request", ReceiverRequest>;
type PlatformResponse = Platform<"Response", { readonly status: number }>;

interface ResponseInit {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** How long a sender should wait when the log could not take a batch, in seconds. */
const retryAfter = "1";

/**
 * Makes the other end of an outbox. Each record that an outbox delivers is appended to `log` once, however
 * often it is sent and whichever side crashes in between.
 *
 *     const receive = createReceiver({ log, authorize: (request) => userOf(request) });
 *     export default { fetch: receive };                       // Bun, Deno, edge runtimes
 *
 * 200: everything is durable. 400: no batch. 401: nobody. 405: no POST. 409: a zombie. 413: too large. 429:
 * too many outboxes. 503: the log could not take it now; nothing was acknowledged.
 */
export function createReceiver(options: ReceiverOptions): Handler {
  const settings = checkOptions(options);
  const senders = new Senders(settings.outboxesMax);
  return async (request) => {
    try {
      return respond(200, await receive(settings, senders, request as unknown as ReceiverRequest));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : refusalOf(error, settings);
      return respond(refusal.status, { error: refusal.message, ...refusal.details });
    }
  };
}

async function receive(
  settings: ReceiverSettings,
  senders: Senders,
  request: ReceiverRequest,
): Promise<Stored> {
  if (request.method !== "POST") throw new Refusal(405, "batches are sent with POST");
  const principal = await settings.authorize(request);
  if (principal === undefined) throw new Refusal(401, "nobody is known by this request");
  const batch = decodeBatch(await readBody(request, settings.bodyBytesMax), settings.recordsMax);
  senders.admit(principal, batch.outbox, batch.incarnation);
  return store(settings.log, principal, batch);
}

/** Anything that is not the sender's fault is told to try again. */
function refusalOf(error: unknown, { onError }: ReceiverSettings): Refusal {
  if (error instanceof MalformedBatch) return new Refusal(400, error.message);
  if (error instanceof WalError && error.code === "TOO_LARGE") return new Refusal(413, error.message);
  onError(error);
  return new Refusal(503, "the records could not be stored now; send them again");
}

function respond(status: number, body: object): PlatformResponse {
  const { Response } = globalThis as unknown as {
    Response: new (body: string, init: ResponseInit) => PlatformResponse;
  };
  const waits: Record<string, string> = status === 503 || status === 429 ? { "retry-after": retryAfter } : {};
  const headers = { "content-type": "application/json", "cache-control": "no-store", ...waits };
  return new Response(JSON.stringify(body), { status, headers });
}
