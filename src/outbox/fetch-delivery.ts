/**
 * Delivers with `fetch`: one POST for each delivery, in the form of `wire/batch.ts`, which
 * `walkabout/receiver` takes. It turns answers into verdicts and knows nothing of the queue.
 */
import type { Signal } from "../storage.ts";
import { encodeBatch } from "../wire/batch.ts";
import type { Deliver } from "./deliver.ts";
import type { ResponseNote, Verdict } from "./verdict.ts";

/** The part of the platform's `Response` that is looked at. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** The part of the platform's `fetch` that is used. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly redirect: "manual";
    readonly credentials?: "include" | "omit" | "same-origin";
    // The platform's own type, which has more than is used here.
    readonly signal: never;
  },
) => Promise<FetchResponse>;

export interface FetchDeliveryOptions {
  readonly url: string | { readonly href: string };
  /** The default is `POST`. */
  readonly method?: string | undefined;
  /** Sent with each request. A function is asked each time, for a token that changes. */
  readonly headers?:
    | Readonly<Record<string, string>>
    | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)
    | undefined;
  readonly credentials?: "include" | "omit" | "same-origin" | undefined;
  /** The default is the runtime's `fetch`, looked up for each delivery. */
  readonly fetch?: Fetch | undefined;
}

/** How much of a body is kept in a dead letter. */
const bodyCharsMax = 1000;

/**
 * A delivery function for a server that takes batches. 2xx is done; 408, 425, 429, 5xx and whatever fails on
 * the way is tried again, not before `Retry-After`; 401 and 403 hold the outbox; 409 is done where the body or a
 * header says that it was a duplicate; any other 4xx is dead. A 207 answers each record by itself.
 *
 *     const outbox = await openOutbox({ storage, name: "orders", deliver: fetchDelivery({ url: "/ingest" }) });
 */
export function fetchDelivery(options: FetchDeliveryOptions): Deliver {
  const { method = "POST", headers = {}, credentials } = options;
  const url = typeof options.url === "string" ? options.url : options.url?.href;
  if (typeof url !== "string") throw new TypeError("url must be a string or a URL");
  const deliver: Deliver = async ({ outbox, incarnation, records }, { signal }) => {
    const fetch = options.fetch ?? (globalThis as unknown as { fetch: Fetch }).fetch;
    const own = typeof headers === "function" ? await headers() : headers;
    const [{ lane, sequence, id }] = records as [(typeof records)[number]];
    const response = await fetch(url, {
      method,
      headers: { "content-type": "application/json", "idempotency-key": `${id}+${records.length}`, ...own },
      body: encodeBatch({ outbox, incarnation, lane, sequence, records }),
      // A login page at the end of a redirect answers 200 to anything.
      redirect: "manual",
      ...(credentials && { credentials }),
      signal: signal as Signal as never,
    });
    return response.status === 207 ? partial(await response.text()) : verdictOfResponse(response);
  };
  return Object.assign(deliver, { inSequence: true });
}

/** What an answer over HTTP means, also for a delivery function of your own. */
export async function verdictOfResponse(response: FetchResponse): Promise<Verdict> {
  const { status } = response;
  if (status >= 200 && status < 300) {
    // An answer that breaks off was not given.
    await response.text();
    return "done";
  }
  const note: ResponseNote = { status, body: (await response.text().catch(() => "")).slice(0, bodyCharsMax) };
  const reason = `the answer was ${status}${note.body ? `: ${note.body.slice(0, 200)}` : ""}`;
  if (status === 401 || status === 403) return { verdict: "hold", reason };
  if (status === 409) return conflict(response, note, reason);
  const isRefusal = status >= 400 && status < 500;
  if (!isRefusal || status === 408 || status === 425 || status === 429) {
    const afterMs = retryAfterMs(response.headers.get("retry-after"));
    // Other failures say nothing about the records, but these may come from one of them.
    return { verdict: "retry", reason, afterMs, split: status === 500 };
  }
  return { verdict: "dead", reason, response: note };
}

function conflict(response: FetchResponse, note: ResponseNote, reason: string): Verdict {
  const body = parsed(note.body ?? "") as { duplicate?: unknown; fenced?: unknown } | undefined;
  if (body?.duplicate === true || response.headers.get("walkabout-duplicate") !== null) return "done";
  if (body?.fenced === true) {
    return { verdict: "hold", reason: "somebody else has opened this outbox since, and delivers it" };
  }
  return { verdict: "dead", reason, response: note };
}

/** `{ "verdicts": [ … ] }`, one for each record. Anything else is a retry, as the outbox finds. */
function partial(text: string): Verdict[] {
  const body = parsed(text) as { verdicts?: unknown } | undefined;
  return Array.isArray(body?.verdicts) ? (body.verdicts as Verdict[]) : [];
}

/** Seconds, or a date. A date is measured with the clock of this machine. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
