/**
 * Serves the bundled pages under one origin, with a strict content security policy, and passes on what
 * they report. It knows nothing of what is reported.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { output } from "./build.mjs";

const types = { ".js": "text/javascript", ".html": "text/html", ".wal": "application/octet-stream" };

/** No inline scripts, no blobs, no origins but those of the tests; and no cross-origin isolation. */
const policy =
  "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self' http://127.0.0.1:*";

export async function startServer(folder = output) {
  /** Who hears of the reports of a run. */
  const listeners = new Map();
  /** Who answers the requests to a path, in place of a file. */
  const routes = new Map();
  const server = createServer((request, response) => {
    answer(request, response, { listeners, routes, folder }).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  let runs = 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    /** A new run: its page reports to `heard`. Answers its address, and how to stop listening. */
    listen(page, parameters, heard) {
      const run = `${Date.now().toString(36)}-${runs++}`;
      listeners.set(run, heard);
      const query = new URLSearchParams({ ...parameters, run });
      return {
        url: `http://127.0.0.1:${port}/page/${page}?${query}`,
        stop: () => listeners.delete(run),
      };
    },
    /** Lets `handler` answer the requests to `path`. */
    route: (path, handler) => routes.set(path, handler),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(request, response, { listeners, routes, folder }) {
  const url = new URL(request.url, "http://localhost");
  const route = routes.get(url.pathname);
  if (route !== undefined) return route(request, response);
  if (request.method === "POST" && url.pathname === "/report") {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const heard = listeners.get(url.searchParams.get("run"));
    const body = Buffer.concat(chunks);
    const report = url.searchParams.has("bytes") ? { type: "bytes", bytes: body } : JSON.parse(body);
    heard?.(report);
    response.writeHead(204).end();
    return;
  }
  if (url.pathname.startsWith("/page/")) {
    const script = `/${url.pathname.slice("/page/".length)}.js`;
    const html = `<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="${script}"></script>`;
    send(response, "text/html", html);
    return;
  }
  const file = join(folder, normalize(url.pathname));
  try {
    send(response, types[extname(file)] ?? "application/octet-stream", await readFile(file));
  } catch {
    response.writeHead(404).end();
  }
}

function send(response, type, body) {
  const headers = { "content-type": type, "content-security-policy": policy, "cache-control": "no-store" };
  response.writeHead(200, headers).end(body);
}
