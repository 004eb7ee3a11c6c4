/**
 * The receiving office: a receiver over a log on the disk, which can be switched off and on, and the proof over that
 * log. It knows nothing of sockets, and what it hears may come from anybody.
 */
import { nodeStorage } from "../../adapters/node/storage.ts";
import { type Log, openLog, type ReadOptions } from "../../src/index.ts";
import { createReceiver, type Handler } from "../../src/receiver/index.ts";
import { limits, readOrder } from "../orders/order.ts";
import { Proof, type Tally } from "./proof.ts";

/** A record as the page shows it: text, cut short. */
export interface Shown {
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

export interface OfficeState {
  readonly isOn: boolean;
  readonly losesAnswers: boolean;
  readonly first: number;
  readonly next: number;
  readonly bytes: number;
  readonly segments: number;
  /** Since the service was started. */
  readonly duplicates: number;
  readonly refused: number;
  readonly lostAnswers: number;
  readonly proof: Tally;
  /** Whether the proof has read all that there was when the log was opened. */
  readonly isCaughtUp: boolean;
  /** The last ones, the newest first. */
  readonly recent: readonly Shown[];
}

const recentMax = 12;
const shownChars = 400;
const bodyBytesMax = 512 * 1024;
/** Each outbox is eight producers of the log. */
const maxProducers = 80_000;
const segment = { maxBytes: 4 * 2 ** 20 };
const retention = { maxBytes: 256 * 2 ** 20 };

/** The answer is to be thrown away, as a network does now and then. */
export class NoAnswer extends Error {}

export class Office {
  readonly #folder: string;
  /** Called after every change, often. */
  readonly #changed: () => void;
  #log: Log | undefined;
  #receive: Handler | undefined;
  #turning: Promise<void> = Promise.resolve();
  /** Deliveries that the receiver has been given and not yet answered. */
  readonly #underWay = new Set<Promise<Response>>();
  #following = new AbortController();
  #follower: Promise<void> = Promise.resolve();
  #proof = new Proof(true);
  #caughtUpAt = 0;
  #recent: Shown[] = [];
  #read = 0;
  #first = 0;
  #bytes = 0;
  #segments = 0;
  #duplicates = 0;
  #refused = 0;
  #lostAnswers = 0;
  #answers = 0;
  losesAnswers = false;

  constructor(folder: string, changed: () => void) {
    this.#folder = folder;
    this.#changed = changed;
  }

  get isOn(): boolean {
    return this.#log !== undefined;
  }

  get state(): OfficeState {
    if (this.#log !== undefined) {
      const { bytes, segments } = this.#log.stats();
      this.#bytes = bytes;
      this.#segments = segments;
      this.#first = this.#log.first;
    }
    return {
      isOn: this.isOn,
      losesAnswers: this.losesAnswers,
      first: this.#first,
      next: this.#read,
      bytes: this.#bytes,
      segments: this.#segments,
      duplicates: this.#duplicates,
      refused: this.#refused,
      lostAnswers: this.#lostAnswers,
      proof: this.#proof.tally,
      isCaughtUp: this.#read >= this.#caughtUpAt,
      recent: this.#recent,
    };
  }

  /** Opens the log or closes it, after whatever was asked for before. */
  turn(on: boolean): Promise<void> {
    this.#turning = this.#turning.catch(() => undefined).then(() => (on ? this.#open() : this.#close()));
    return this.#turning;
  }

  /** Answers a delivery, or throws {@link NoAnswer}. */
  async take(request: Request): Promise<Response> {
    const body = await bodyOf(request);
    if (body === undefined) return refusal(413, `a delivery may have ${bodyBytesMax} bytes`);
    if (ordersTooMuch(body)) {
      this.#refused++;
      this.#changed();
      return refusal(422, `nobody may order more than ${limits.quantity} of one item`);
    }
    const { url, headers, signal } = request;
    const answer = await this.#pass(new Request(url, { method: "POST", headers, body, signal }));
    if (answer.status === 200) {
      const { duplicates } = (await answer.clone().json()) as { duplicates: number };
      this.#duplicates += duplicates;
    }
    this.#changed();
    if (this.losesAnswers && ++this.#answers % 2 === 0) {
      this.#lostAnswers++;
      throw new NoAnswer("the answer was lost on purpose");
    }
    return answer;
  }

  async #pass(delivery: Request): Promise<Response> {
    // It may have been switched off while the delivery came in.
    if (this.#receive === undefined) throw new NoAnswer("the server is off");
    const answer = this.#receive(delivery);
    this.#underWay.add(answer);
    try {
      return await answer;
    } finally {
      this.#underWay.delete(answer);
    }
  }

  async #open(): Promise<void> {
    if (this.#log !== undefined) return;
    const storage = nodeStorage(this.#folder);
    const log = await openLog({ storage, topic: "orders", segment, retention, maxProducers });
    this.#proof = new Proof(log.first === 0);
    this.#recent = [];
    this.#read = log.first;
    this.#caughtUpAt = log.next;
    this.#following = new AbortController();
    this.#follower = this.#watch(log, { follow: true, signal: this.#following.signal });
    this.#receive = createReceiver({
      log,
      limits: { bodyBytes: bodyBytesMax },
      onError: (error) => console.error(`  the log could not take a delivery: ${String(error)}`),
    });
    this.#log = log;
    this.#changed();
  }

  async #close(): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    this.#receive = undefined;
    this.#log = undefined;
    this.#changed();
    await Promise.allSettled(this.#underWay);
    this.#following.abort();
    await this.#follower;
    // What was answered before is shown and counted as well.
    await this.#watch(log, { from: Math.max(this.#read, log.first) });
    await log.close();
  }

  async #watch(log: Log, options: ReadOptions): Promise<void> {
    try {
      for await (const record of log.read(options)) {
        this.#proof.add(record);
        this.#read = record.offset + 1;
        this.#recent.unshift(shown(record));
        if (this.#recent.length > recentMax) this.#recent.pop();
        this.#changed();
      }
    } catch (error) {
      if (!options.signal?.aborted) console.error(`  the log cannot be read: ${String(error)}`);
    }
  }
}

/** The whole body, or nothing when it is too large. */
async function bodyOf({ body }: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(bodyBytesMax);
  let length = 0;
  for await (const chunk of body ?? []) {
    if (length + chunk.length > bytes.length) return undefined;
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.slice(0, length);
}

/** This office has not more of anything. The outbox finds out which record it is that is refused. */
function ordersTooMuch(body: Uint8Array): boolean {
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder().decode(body));
  } catch {
    // The receiver says what is wrong with it.
    return false;
  }
  const records = (given as { records?: unknown } | null)?.records;
  if (!Array.isArray(records)) return false;
  return records.some((record: { value?: unknown } | null) => {
    const value = record?.value;
    const order = typeof value === "string" ? readOrder(new TextEncoder().encode(value)) : undefined;
    return order !== undefined && order.quantity > limits.quantity;
  });
}

function refusal(status: number, error: string): Response {
  return Response.json({ error }, { status, headers: { "cache-control": "no-store" } });
}

function shown({
  offset,
  key,
  value,
}: {
  offset: number;
  key: Uint8Array | undefined;
  value: Uint8Array;
}): Shown {
  return { offset, key: textOf(key ?? new Uint8Array(0)), value: textOf(value) };
}

function textOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, shownChars * 4));
  return text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
}
