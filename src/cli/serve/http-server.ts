/** A server on `node:http` that says where it listens, and stops when nobody waits for an answer any more. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../command.ts";

/** How long requests that are under way may take when it is stopped. */
const stopMs = 5000;

export class HttpServer {
  readonly #server: Server;
  #underWay = 0;
  #onIdle = (): void => undefined;

  /** Throws a `UsageError` where it cannot listen. */
  static async listen(listener: RequestListener, host: string, port: number): Promise<HttpServer> {
    const server = createServer();
    const made = new HttpServer(server, listener);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(explained(error, host, port))).listen(port, host, resolve);
    });
    return made;
  }

  private constructor(server: Server, listener: RequestListener) {
    this.#server = server;
    server.on("request", (request, response) => {
      this.#underWay++;
      response.on("close", () => {
        if (--this.#underWay === 0) this.#onIdle();
      });
      listener(request, response);
    });
  }

  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    const host = { "0.0.0.0": "localhost", "::": "localhost" }[address] ?? address;
    return `http://${family === "IPv6" && host === address ? `[${host}]` : host}:${port}/`;
  }

  /** Nobody new gets in; those whose request is under way get their answer, if it takes no longer than a few seconds. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    let timer;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, stopMs)));
    const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
    if (this.#underWay > 0) await Promise.race([idle, late]);
    clearTimeout(timer);
    // A browser keeps connections open on which it has said nothing.
    this.#server.closeAllConnections();
    await closed;
  }
}

function explained(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: "another program listens there; --port 0 takes any that is free",
    EACCES: "only the administrator may; take a port from 1024",
    EADDRNOTAVAIL: "this machine has no such address",
    ENOTFOUND: "there is no such host",
    EAI_AGAIN: "there is no such host",
  };
  const reason = reasons[error.code ?? ""];
  if (reason === undefined) return error;
  return new UsageError(`cannot listen on ${host}, port ${port} (${error.code}): ${reason}`);
}
