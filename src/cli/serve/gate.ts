/**
 * Who is let in. Whoever knows the token may send and look; where there is none, everybody on this machine may, but no
 * page of a stranger in somebody's browser.
 */
import { createHash, timingSafeEqual } from "node:crypto";

export interface GateOptions {
  readonly token: string | undefined;
  /** Other sites whose pages may send, as `https://app.example`. */
  readonly origins: readonly string[];
}

export class Gate {
  readonly #token: Uint8Array | undefined;
  readonly #origins: ReadonlySet<string>;

  constructor({ token, origins }: GateOptions) {
    this.#token = token === undefined ? undefined : digest(token);
    this.#origins = new Set(origins);
  }

  /** As a bearer, or as the password that a browser has asked for. */
  isKnown({ headers }: Request): boolean {
    if (this.#token === undefined) return true;
    const [scheme = "", credentials = ""] = (headers.get("authorization") ?? "").split(" ");
    const given =
      scheme.toLowerCase() === "basic" ? passwordOf(credentials) : /^bearer$/i.test(scheme) && credentials;
    return typeof given === "string" && timingSafeEqual(digest(given), this.#token);
  }

  /** The origin that a page may be told that it is welcome. */
  welcomed({ headers }: Request): string | undefined {
    const origin = headers.get("origin");
    return origin !== null && this.#origins.has(origin) ? origin : undefined;
  }

  /** Why a request is turned away that a page of a stranger has made, or that came by a name which is not ours. */
  objection(request: Request): string | undefined {
    const { host, hostname } = new URL(request.url);
    // A stranger's name may be made to point to this machine, and then its pages are of the same origin.
    if (this.#token === undefined && !isLoopback(hostname)) return `without a token, this is not ${hostname}`;
    const origin = request.headers.get("origin");
    if (origin === null || this.#origins.has(origin) || hostOf(origin) === host) return undefined;
    return `pages of ${origin} may not send; walkabout serve --origin lets them`;
  }
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i.test(host);
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** Of equal length for every text, which comparing takes equally long for. */
function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function passwordOf(credentials: string): string {
  const text = Buffer.from(credentials, "base64").toString();
  return text.slice(text.indexOf(":") + 1);
}
