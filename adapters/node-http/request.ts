/** What Node has parsed of a request → a `Request` of the fetch standard. */
import type { IncomingMessage } from "node:http";
import { bodyOf } from "./body.ts";

/** `undefined` when there is no such `Request`: a method or a name that the standard does not know or allow. */
export function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { method = "GET" } = incoming;
  const hasBody = method !== "GET" && method !== "HEAD";
  try {
    return new Request(urlOf(incoming), {
      method,
      headers: headersOf(incoming),
      signal,
      ...(hasBody && { body: bodyOf(incoming), duplex: "half" }),
    });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Repeated headers are joined, so that nobody is taken in by the first or the last of them. */
function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  return headers;
}

const hostName = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i;

/** What the client says of the host and the path. Neither can stand in for the other. */
function urlOf({ url = "/", headers: { host = "localhost" }, socket }: IncomingMessage): URL {
  if (!hostName.test(host)) throw new TypeError(`this is no host: ${host}`);
  const isSecure = (socket as { encrypted?: boolean }).encrypted === true;
  const origin = `${isSecure ? "https" : "http"}://${host}`;
  if (url.startsWith("/")) return new URL(`${origin}${url}`);
  if (url === "*") return new URL(origin);
  const { pathname, search } = new URL(url);
  return new URL(`${origin}${pathname}${search}`);
}
