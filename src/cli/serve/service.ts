/** What `walkabout serve` answers: batches to the receivers of its topics, and its status to whoever looks. */
import { type Gate } from "./gate.ts";
import { pageOf, policy } from "./page.ts";
import { statusOf } from "./status.ts";
import type { ServedLog } from "./served-log.ts";

export interface ServiceOptions {
  readonly gate: Gate;
  readonly folder: string;
  readonly version: string;
}

export class Service {
  readonly #options: ServiceOptions;
  readonly #since = Date.now();
  #logs: readonly ServedLog[] = [];
  #state: "started" | "open" | "stopped" = "started";

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Until then, what comes is sent away. */
  start(logs: readonly ServedLog[]): void {
    this.#logs = logs;
    this.#state = "open";
  }

  /** From now on, what comes is sent away, and what is answered ends its connection. */
  stop(): void {
    this.#state = "stopped";
  }

  readonly handle = async (request: Request): Promise<Response> => {
    const response =
      this.#state === "open"
        ? await this.#answer(request)
        : refusal(503, `this is being ${this.#state}; send it again later`, { "retry-after": "1" });
    if (this.#state === "stopped") response.headers.set("connection", "close");
    const origin = this.#options.gate.welcomed(request);
    if (origin !== undefined) response.headers.set("access-control-allow-origin", origin);
    response.headers.set("vary", "origin");
    response.headers.set("x-content-type-options", "nosniff");
    return response;
  };

  async #answer(request: Request): Promise<Response> {
    const { gate } = this.#options;
    const objection = gate.objection(request);
    if (objection !== undefined) return refusal(403, objection);
    const path = new URL(request.url).pathname;
    if (request.method === "OPTIONS" && gate.welcomed(request) !== undefined) return preflight();
    if (request.method === "POST") return this.#take(request, path);
    if (path !== "/" && path !== "/status.json") return refusal(404, "there is / and /status.json to see");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refusal(405, "this can be seen with GET; batches are sent with POST", {
        allow: "GET, HEAD, POST",
      });
    }
    if (!gate.isKnown(request)) {
      return refusal(401, "the token is needed, as bearer or as password", {
        "www-authenticate": 'Basic realm="walkabout"',
      });
    }
    return this.#show(path);
  }

  async #take(request: Request, path: string): Promise<Response> {
    const logs = this.#logs;
    const log = path === "/" && logs.length === 1 ? logs[0] : logs.find((each) => each.post === path);
    if (log !== undefined) return log.take(request);
    const paths = logs.map((each) => each.post).join(", ");
    return refusal(404, `no topic is taken here; there is ${paths}`);
  }

  async #show(path: string): Promise<Response> {
    const { folder, version } = this.#options;
    const status = await statusOf(this.#logs, { version, folder, since: this.#since });
    if (path === "/status.json") return Response.json(status, { headers: { "cache-control": "no-store" } });
    return new Response(pageOf(status), {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
      },
    });
  }
}

function refusal(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers: { "cache-control": "no-store", ...headers } });
}

function preflight(): Response {
  const headers = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization, content-type, idempotency-key",
    "access-control-max-age": "600",
  };
  return new Response(null, { status: 204, headers });
}
