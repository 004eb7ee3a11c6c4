/**
 * walkabout/receiver/node: mounts a fetch-standard handler, such as a receiver, on `node:http` or `node:https`.
 * It knows nothing of what the handler does.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Handler } from "../../src/receiver/index.ts";
import { requestOf } from "./request.ts";

/** The part of Node's `IncomingMessage` that the types need. */
export interface NodeRequest {
  readonly rawHeaders: readonly string[];
  readonly complete: boolean;
}

/** The part of Node's `ServerResponse` that the types need. */
export interface NodeResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
}

export interface NodeListenerOptions {
  /**
   * Hears of what the handler threw, and of an answer that could not be sent, unless the client had left before. The
   * client is told 500; if its answer had begun, the connection is closed.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Makes a listener for the `request` event of a server.
 *
 *     const server = createServer(nodeListener(createReceiver({ log })));
 *     server.listen(8080);
 *
 * * The body of a request arrives while it is read, and no faster.
 * * When the client goes away, `request.signal` is aborted, a body that is being read fails with an `AbortError`, and the
 *   body of the answer is cancelled.
 * * An answer is sent at once, also when the rest of the request's body is still to come. That rest is read and thrown
 *   away, for as long as the server's `requestTimeout` allows, because a connection that is closed under a client that
 *   is still sending would take the answer with it.
 * * A request that the fetch standard has no words for is answered with 400, and its handler is not called. Nothing that a client
 *   sends is ever thrown at the process.
 *
 * Time limits, and the size of the headers, are those of the server.
 */
export function nodeListener(
  handler: Handler,
  { onError = () => undefined }: NodeListenerOptions = {},
): (request: NodeRequest, response: NodeResponse) => void {
  if (typeof handler !== "function") throw new TypeError("the handler must be a function");
  const handle = handler as (request: Request) => Promise<Response>;
  return (request, response) => {
    const outgoing = response as ServerResponse;
    // Whoever is gone cannot be told.
    outgoing.on("error", () => undefined);
    serve(handle, request as IncomingMessage, outgoing).catch((error: unknown) => {
      if (!outgoing.destroyed) onError(error);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500, plain).end("the request could not be handled\n");
    });
  };
}

const plain = { "content-type": "text/plain", "cache-control": "no-store" };

async function serve(
  handle: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) gone.abort(new Error("the client went away"));
  });
  const request = requestOf(incoming, gone.signal);
  if (request === undefined) {
    outgoing.writeHead(400, plain).end("this request cannot be understood\n");
    return;
  }
  await send(await handle(request), outgoing, gone.signal);
}

async function send(
  { status, headers, body }: Response,
  outgoing: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const reader = body?.getReader();
  const cancel = (): void => void reader?.cancel().catch(() => undefined);
  try {
    outgoing.writeHead(status, [...headers].flat());
    gone.addEventListener("abort", cancel);
    while (reader !== undefined && !gone.aborted) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!outgoing.write(value)) await once(outgoing, "drain", { signal: gone });
    }
    outgoing.end();
  } finally {
    // Changes nothing where all of it was read.
    cancel();
  }
}
