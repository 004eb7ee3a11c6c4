/**
 * The one process behind the one address: the page, the receiving office, its switches, and the events. Whatever comes in
 * is taken for hostile: hosts, origins, sizes and types are checked before anything is looked at.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { nodeListener } from "../../adapters/node-http/listener.ts";
import { Audience } from "./audience.ts";
import { NoAnswer, type Office } from "./office.ts";
import { guards, type Pages } from "./pages.ts";

const controlBytesMax = 1024;
const deliveriesMax = 32;
/** Only these hosts are this machine: a name that somebody points here is none of them. */
const hosts = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

export class Service {
  readonly #office: Office;
  readonly #pages: Pages;
  readonly #audience: Audience;
  readonly #server: Server;
  #deliveries = 0;

  constructor(pages: Pages, office: Office, audience: Audience) {
    this.#pages = pages;
    this.#office = office;
    this.#audience = audience;
    this.#server = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => {
      this.#answer(request, response).catch(() => refuse(response, 500, "this could not be answered"));
    });
    this.#server.headersTimeout = 10_000;
    this.#server.requestTimeout = 20_000;
    this.#server.maxConnections = 512;
  }

  /** Listens on this machine alone, and answers the port: another one where `port` is taken. */
  async listen(port: number): Promise<number> {
    try {
      return await this.#listenOn(port);
    } catch (error) {
      if ((error as { code?: string }).code !== "EADDRINUSE") throw error;
      return this.#listenOn(0);
    }
  }

  /** Lets deliveries that are on their way come to their end. */
  async close(): Promise<void> {
    this.#audience.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const patience = setTimeout(() => this.#server.closeAllConnections(), 2000);
    await closed;
    clearTimeout(patience);
    await this.#office.turn(false);
  }

  #listenOn(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => {
        this.#server.off("error", reject);
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    if (!hosts.test(request.headers.host ?? "")) return refuse(response, 403, "this host is not served here");
    const [path = ""] = url.split("?", 1);
    if (path === "/ingest" || path === "/control") {
      if (method !== "POST") return refuse(response, 405, "this takes POST alone", { allow: "POST" });
      const why = foreign(request);
      if (why !== undefined) return refuse(response, why.status, why.message);
      return path === "/ingest" ? this.#ingest(request, response) : this.#control(request, response);
    }
    if (method !== "GET" && method !== "HEAD") {
      return refuse(response, 405, "this takes GET alone", { allow: "GET, HEAD" });
    }
    if (path === "/events" && method === "GET") return this.#watch(response);
    if (!this.#pages.serve(path, request, response)) refuse(response, 404, "there is nothing here");
  }

  #ingest(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#office.isOn) {
      request.socket.destroy();
      return;
    }
    if (this.#deliveries >= deliveriesMax) {
      refuse(response, 503, "too many deliveries at once", { "retry-after": "1" });
      return;
    }
    this.#deliveries++;
    response.on("close", () => this.#deliveries--);
    const take = async (delivery: Request): Promise<Response> => {
      try {
        return await this.#office.take(delivery);
      } catch (error) {
        if (error instanceof NoAnswer) request.socket.destroy();
        throw error;
      }
    };
    nodeListener(take)(request, response);
  }

  async #control(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const given = await smallJson(request);
    if (given === undefined) return refuse(response, 400, `a small JSON object is needed`);
    const { server, answers, ...others } = given;
    const isKnown =
      (server === undefined || server === "on" || server === "off") &&
      (answers === undefined || answers === "kept" || answers === "lost") &&
      Object.keys(others).length === 0;
    if (!isKnown)
      return refuse(response, 400, 'there is { "server": "on" or "off", "answers": "kept" or "lost" }');
    if (answers !== undefined) this.#office.losesAnswers = answers === "lost";
    if (server !== undefined) await this.#office.turn(server === "on");
    this.#audience.changed();
    response.writeHead(204, guards).end();
  }

  #watch(response: ServerResponse): void {
    if (this.#audience.isFull) return refuse(response, 503, "too many are watching", { "retry-after": "5" });
    response.writeHead(200, {
      ...guards,
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    });
    this.#audience.add(response);
  }
}

function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const kind = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  // What is still coming of a body that nobody wants is not waited for.
  response.writeHead(status, { ...guards, ...kind, ...headers, connection: "close" }).end(`${message}\n`);
}

/** Why this may come from a page of somebody else, if it may. */
function foreign({ headers }: IncomingMessage): { status: number; message: string } | undefined {
  const { origin, host } = headers;
  if (origin !== undefined && origin !== `http://${host}`) {
    return { status: 403, message: "other origins may not send anything" };
  }
  // Another page cannot send this type without asking first.
  if (!/^application\/json\b/.test(headers["content-type"] ?? "")) {
    return { status: 415, message: "this takes application/json alone" };
  }
  return undefined;
}

async function smallJson(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > controlBytesMax) return undefined;
    chunks.push(chunk);
  }
  try {
    const given: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (typeof given === "object" && given !== null && !Array.isArray(given)) return { ...given };
  } catch {
    // Told by the caller.
  }
  return undefined;
}
