/** A fetch-standard handler on a real `node:http` server: streams, clients that leave, and hostile input over bare sockets. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import { nodeListener } from "../../adapters/node-http/listener.ts";
import { openLog } from "../../src/index.ts";
import { createReceiver } from "../../src/receiver/index.ts";

type Handle = (request: Request) => Promise<Response>;

interface Served {
  readonly url: string;
  readonly errors: unknown[];
  /** What Node has parsed, the latest last. */
  readonly incoming: IncomingMessage[];
  /** A connection on which anything may be sent. */
  socket(): Socket;
}

async function serve(handle: Handle): Promise<Served> {
  const errors: unknown[] = [];
  const incoming: IncomingMessage[] = [];
  const listener = nodeListener(handle, { onError: (error) => void errors.push(error) });
  const server = createServer((request, response) => {
    incoming.push(request);
    listener(request, response);
  }).listen(0, "localhost");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const socket = (): Socket => {
    const made = connect(port, "localhost").on("error", () => undefined);
    onTestFinished(() => void made.destroy());
    return made;
  };
  return { url: `http://localhost:${port}/`, errors, incoming, socket };
}

/** Sends `text` as it is and answers everything that comes back until the server closes. */
async function exchange(served: Served, text: string): Promise<string> {
  const socket = served.socket().setEncoding("latin1");
  let answer = "";
  socket.on("data", (part: string) => (answer += part));
  socket.write(text, "latin1");
  await once(socket, "close");
  return answer;
}

/** Resolves when `text` has come out of the socket. */
function heard(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let all = "";
    socket.on("close", () => reject(new Error(`closed after ${all}`)));
    socket.on("data", (part) => {
      all += String(part);
      if (all.includes(text)) resolve();
    });
  });
}

/** A promise, and what settles it. */
class Latch {
  open!: () => void;
  readonly promise = new Promise<void>((resolve) => (this.open = resolve));
}

/** Takes bodies of up to 1,000 bytes. */
async function receiver(): Promise<Handle> {
  const log = await openLog({ storage: memoryStorage(), topic: "events" });
  return createReceiver({ log, limits: { bodyBytes: 1000 } });
}

/** When everything has been taken off the network that anybody takes off. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 100; turns++) await turn();
}

describe("a request and its answer", () => {
  test("are what the fetch standard says they are", async () => {
    const served = await serve(async (request) => {
      const { method, url } = request;
      const headers = new Headers({
        "x-url": url,
        "x-method": method,
        "x-name": request.headers.get("x-name")!,
      });
      headers.append("set-cookie", "a=1");
      headers.append("set-cookie", "b=2");
      return new Response(`got ${await request.text()}`, { status: 207, headers });
    });
    const answer = await fetch(`${served.url}in?a=%20`, {
      method: "PUT",
      body: "süß",
      headers: { "x-name": "ada" },
    });
    expect([answer.status, await answer.text()]).toEqual([207, "got süß"]);
    expect(answer.headers.get("x-url")).toBe(`${served.url}in?a=%20`);
    expect(answer.headers.get("x-method")).toBe("PUT");
    expect(answer.headers.get("x-name")).toBe("ada");
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  test("have no body where there is none", async () => {
    const served = await serve(async ({ method, body }) =>
      method === "DELETE" ? new Response(null, { status: 204 }) : new Response(`${method} ${body}`),
    );
    expect(await (await fetch(served.url)).text()).toBe("GET null");
    const head = await fetch(served.url, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await fetch(served.url, { method: "DELETE" })).status).toBe(204);
  });

  test("stream: the first part is read before the last one is sent, in both directions", async () => {
    const served = await serve(async (request) => new Response(request.body));
    const socket = served.socket();
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    await heard(socket, "one");
    socket.write("3\r\ntwo\r\n0\r\n\r\n");
    await heard(socket, "two");
  });

  test("arrive whole, however large", async () => {
    const served = await serve(async (request) => new Response(request.body));
    const sent = new Uint8Array(8 * 2 ** 20).map((_, index) => index * 7);
    const answer = await fetch(served.url, { method: "POST", body: sent });
    expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), sent)).toBe(0);
  });

  test("wait for each other: a body that nobody reads is left in the network", async () => {
    const [reads, goOn] = [new Latch(), new Latch()];
    const served = await serve(async (request) => {
      const reader = request.body!.getReader();
      let length = (await reader.read()).value!.length;
      reads.open();
      await goOn.promise;
      for (let part; !(part = await reader.read()).done;) length += part.value.length;
      return new Response(String(length));
    });
    const length = 64 * 2 ** 20;
    const socket = served.socket();
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write(new Uint8Array(length));
    await reads.promise;
    await settled();
    const [incoming] = served.incoming;
    expect(incoming!.isPaused()).toBe(true);
    expect(incoming!.readableLength).toBeLessThan(2 ** 20);
    expect(incoming!.socket.bytesRead).toBeLessThan(length / 2);
    goOn.open();
    await heard(socket, String(length));
  });
});

describe("a client that goes away", () => {
  test("in the middle of its body aborts the request and fails the body", async () => {
    const [reads, ends] = [new Latch(), new Latch()];
    const outcome: unknown[] = [];
    const served = await serve(async (request) => {
      const reader = request.body!.getReader();
      await reader.read();
      reads.open();
      await reader.read().catch((error: unknown) => outcome.push(error));
      outcome.push(request.signal.aborted);
      ends.open();
      return new Response("nobody hears this");
    });
    const socket = served.socket();
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    await reads.promise;
    socket.destroy();
    await ends.promise;
    expect(outcome).toEqual([
      expect.objectContaining({ message: expect.stringContaining("connection was lost") }),
      true,
    ]);
    await settled();
    expect(served.errors).toEqual([]);
  });

  test("while its request is handled aborts the request", async () => {
    const [begins, ends] = [new Latch(), new Latch()];
    const served = await serve(async ({ signal }) => {
      signal.addEventListener("abort", () => ends.open());
      begins.open();
      await ends.promise;
      throw new Error("given up");
    });
    const socket = served.socket();
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await begins.promise;
    socket.destroy();
    await ends.promise;
    await settled();
    expect(served.errors).toEqual([]);
  });

  test.each(["is waiting for its next part", "has more than the network takes"])(
    "in the middle of an answer cancels it, while it %s",
    async (why) => {
      const cancelled = new Latch();
      let isFirst = true;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (why.includes("more")) controller.enqueue(new Uint8Array(2 ** 20));
          else if (isFirst) controller.enqueue(new TextEncoder().encode("first"));
          else return new Promise(() => undefined);
          isFirst = false;
          return undefined;
        },
        cancel: () => cancelled.open(),
      });
      const served = await serve(async () => new Response(body));
      const socket = served.socket();
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await once(socket, "data");
      socket.pause();
      await settled();
      socket.destroy();
      await cancelled.promise;
      expect(served.errors).toEqual([]);
    },
  );
});

describe("a body that is too large for the receiver", () => {
  test("is refused before any of it is sent", async () => {
    const served = await serve(await receiver());
    const socket = served.socket();
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    await heard(socket, "HTTP/1.1 413 ");
  });

  test("is refused as soon as it turns out to be", async () => {
    const served = await serve(await receiver());
    const socket = served.socket();
    const part = `3e9\r\n${"x".repeat(1001)}\r\n`;
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${part}`);
    await heard(socket, "HTTP/1.1 413 ");
  });

  const rest = "x".repeat(5 * 2 ** 20);
  const lengths: [string, string, string][] = [
    ["of known length", `Content-Length: ${rest.length}`, rest],
    [
      "of unknown length",
      "Transfer-Encoding: chunked",
      `${rest.length.toString(16)}\r\n${rest}\r\n0\r\n\r\n`,
    ],
  ];

  test.each(lengths)(
    "is refused in words that a client hears which sends all of it first, and the connection lives on: %s",
    async (_, length, body) => {
      const served = await serve(await receiver());
      const socket = served.socket();
      const answers = Promise.all([heard(socket, "HTTP/1.1 413 "), heard(socket, "HTTP/1.1 405 ")]);
      socket.pause();
      socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${length}\r\n\r\n`);
      await new Promise((resolve) => socket.write(body, resolve));
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      socket.resume();
      await answers;
    },
  );

  test.each(["of known length", "of unknown length"])("is refused, and fetch hears it: %s", async (kind) => {
    const served = await serve(await receiver());
    for (let index = 0; index < 10; index++) {
      const text = "x".repeat(5 * 2 ** 20);
      const body = kind === "of known length" ? text : new Blob([text]).stream();
      const answer = await fetch(served.url, { method: "POST", body, duplex: "half" } as RequestInit);
      expect([answer.status, await answer.text()]).toEqual([413, expect.stringContaining("1000 bytes")]);
    }
  });
});

test("a body may be read on when the request is answered, but not begun", async () => {
  const [answered, ends] = [new Latch(), new Latch()];
  const read: unknown[] = [];
  const served = await serve(async (request) => {
    const reader = request.body!.getReader();
    const isBegun = request.url.endsWith("begun");
    if (isBegun) await reader.read();
    void answered.promise
      .then(() => reader.read())
      .then(({ value }) => new TextDecoder().decode(value))
      .catch((error: Error) => error.message)
      .then((outcome) => read.push([isBegun, outcome]) === 2 && ends.open());
    return new Response("answered");
  });
  const sockets = ["begun", "untouched"].map((path) => {
    const socket = served.socket();
    socket.write(`POST /${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf`);
    return socket;
  });
  await Promise.all(sockets.map((socket) => heard(socket, "answered")));
  for (const socket of sockets) socket.write("more");
  await settled();
  answered.open();
  await ends.promise;
  expect(read).toContainEqual([true, "more"]);
  expect(read).toContainEqual([false, "the request was answered before its body was read"]);
});

describe("hostile input", () => {
  const get = "GET / HTTP/1.1\r\nConnection: close\r\n";

  test.each([
    ["a host that is none", `${get}Host: a/../b\r\n\r\n`, 400],
    ["a host with a user", `${get}Host: user@a\r\n\r\n`, 400],
    ["a host with a port that is none", `${get}Host: a:99999\r\n\r\n`, 400],
    ["no host", `${get}\r\n`, 400],
    ["a method that fetch forbids", "TRACE / HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n", 400],
    ["an address that is none", "GET http://[ HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n", 400],
    ["a path that is none", "GET nowhere HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n", 400],
    ["a header with a zero byte", `${get}Host: a\r\nX: a\0b\r\n\r\n`, 400],
    ["two lengths", `${get}Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
    ["a length and chunks", `${get}Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
    ["too many headers", `${get}Host: a\r\n${"X: a\r\n".repeat(10_000)}\r\n`, 431],
    ["a bad chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400],
    ["no HTTP at all", "\x16\x03\x01\x02\0\x01", 400],
    ["bytes that are no ASCII", `${get}Host: a\r\nX: \xff\xfe\r\n\r\n`, 200],
    ["a path that looks like a host", "GET //b/c HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n", 200],
    ["another host in the address", "GET http://b/c HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n", 200],
    ["no path", "OPTIONS * HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n", 200],
    ["old HTTP", "GET / HTTP/1.0\r\n\r\n", 200],
    ["a body where there is none", `${get}Host: a\r\nContent-Length: 4\r\n\r\nbody`, 200],
  ])("%s", async (_, text, status) => {
    const served = await serve(async (request) => {
      const { hostname } = new URL(request.url);
      if (hostname !== "a" && hostname !== "localhost") throw new Error(`a request for ${request.url}`);
      return new Response(await request.text());
    });
    expect(await exchange(served, text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(served.errors.filter((error) => !String(error).includes("connection was lost"))).toEqual([]);
    expect(await (await fetch(served.url, { method: "POST", body: "fine" })).text()).toBe("fine");
  });

  test("a repeated header is joined, so that none of the two counts by itself", async () => {
    const served = await serve(async ({ headers }) => new Response(headers.get("authorization")));
    const answer = await exchange(served, `${get}Host: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n`);
    expect(answer).toContain("a, b");
  });
});

describe("a handler that fails", () => {
  const failing: [string, Handle][] = [
    ["throws", () => Promise.reject(new Error("oops"))],
    [
      "throws at once",
      () => {
        throw new Error("oops");
      },
    ],
    ["answers nothing", async () => undefined as never],
    [
      "answers a body that was read before",
      async () => {
        const answer = new Response("a");
        await answer.text();
        return answer;
      },
    ],
    [
      "answers what cannot be a header",
      async () => ({ status: 200, headers: new Map([["a", "b\nc"]]), body: null }) as never,
    ],
  ];

  test.each(failing)("because it %s is a 500, of which the owner hears", async (_, handle) => {
    const served = await serve(handle);
    const answer = await fetch(served.url);
    expect([answer.status, await answer.text()]).toEqual([500, "the request could not be handled\n"]);
    expect(served.errors).toHaveLength(1);
  });

  test("in the middle of its answer breaks the connection, so that no part is taken for all", async () => {
    const parts = ["one", undefined];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = parts.shift();
        if (part === undefined) throw new Error("oops");
        controller.enqueue(new TextEncoder().encode(part));
      },
    });
    const served = await serve(async () => new Response(body));
    await expect(fetch(served.url).then((answer) => answer.text())).rejects.toThrow();
    expect(served.errors).toMatchObject([{ message: "oops" }]);
  });

  test("is no handler", () => {
    expect(() => nodeListener("handler" as never)).toThrow(TypeError);
  });
});
