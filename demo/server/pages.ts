/** The files of the page, read once and packed, with the headers that keep everything else out. */
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import { gzipSync } from "node:zlib";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** No inline scripts or styles, no other origins, no frames. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const guards: Readonly<Record<string, string>> = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

interface Page {
  readonly type: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
  readonly caching: string;
}

export class Pages {
  readonly #pages = new Map<string, Page>();

  /** Reads everything in `folder`. Nothing else is ever served, whatever is asked for. */
  constructor(folder: string) {
    for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const type = types[extname(entry)];
      if (type === undefined) continue;
      const plain = readFileSync(join(folder, entry));
      const path = `/${entry.split(sep).join("/")}`;
      // Names under assets/ hold a hash of the content.
      const caching = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
      this.#pages.set(path, { type, plain, packed: gzipSync(plain, { level: 9 }), caching });
    }
    this.#alias("/", "/index.html");
    this.#alias("/bench", "/bench.html");
  }

  /** Answers whether there is such a file. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const page = this.#pages.get(path);
    if (page === undefined) return false;
    const isPacked = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
    const body = isPacked ? page.packed : page.plain;
    response.writeHead(200, {
      ...guards,
      "content-type": page.type,
      "content-length": body.length,
      "cache-control": page.caching,
      vary: "accept-encoding",
      ...(isPacked && { "content-encoding": "gzip" }),
    });
    response.end(request.method === "HEAD" ? undefined : body);
    return true;
  }

  #alias(path: string, file: string): void {
    const page = this.#pages.get(file);
    if (page !== undefined) this.#pages.set(path, page);
  }
}
