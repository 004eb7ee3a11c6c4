/** The options of a receiver, and their checks. */
import type { Log } from "../index.ts";

/** The part of the platform's `Request` that is looked at. */
export interface ReceiverRequest {
  readonly method: string;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | object | null;
}

export interface ReceiverLimits {
  /** Of a body, in bytes. The default is 1 MiB. */
  readonly bodyBytes?: number | undefined;
  /** Of a batch. The default is 1,000. */
  readonly records?: number | undefined;
  /**
   * How many outboxes of one principal are taken. Those of the last opening of the receiver are counted.
   * The default is 100. Without `authorize` there is one principal, and the default is 10,000.
   */
  readonly outboxes?: number | undefined;
}

export interface ReceiverOptions {
  /** Where the records go. Open it with `maxProducers` for as many outboxes as there are, times 8. */
  readonly log: Pick<Log, "appendBatch" | "append" | "flush">;
  /**
   * Who sends this: their name, the same at every request, of at most 180 characters when it is percent-encoded. Nothing means that nobody
   * may: then the answer is 401. Without this function, everybody may send, and shares one name.
   */
  readonly authorize?:
    | ((request: ReceiverRequest) => string | undefined | Promise<string | undefined>)
    | undefined;
  readonly limits?: ReceiverLimits | undefined;
  /** Hears of what the sender is only told as 503. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

export interface ReceiverSettings {
  readonly log: ReceiverOptions["log"];
  readonly authorize: (request: ReceiverRequest) => string | undefined | Promise<string | undefined>;
  readonly bodyBytesMax: number;
  readonly recordsMax: number;
  readonly outboxesMax: number;
  readonly onError: (error: unknown) => void;
}

/** Stands for everybody. A principal's own name is never empty. */
const everybody = "";

export function checkOptions(options: ReceiverOptions): ReceiverSettings {
  const { log, authorize, limits = {}, onError = () => undefined } = options;
  if (typeof log?.appendBatch !== "function") throw new TypeError("log must be an open log");
  if (authorize !== undefined && typeof authorize !== "function") {
    throw new TypeError("authorize must be a function");
  }
  return {
    log,
    authorize: authorize === undefined ? () => everybody : named(authorize),
    bodyBytesMax: checked("limits.bodyBytes", limits.bodyBytes ?? 2 ** 20),
    recordsMax: checked("limits.records", limits.records ?? 1000),
    outboxesMax: checked("limits.outboxes", limits.outboxes ?? (authorize === undefined ? 10_000 : 100)),
    onError,
  };
}

function named(authorize: NonNullable<ReceiverOptions["authorize"]>): ReceiverSettings["authorize"] {
  return async (request) => {
    const principal = await authorize(request);
    if (principal === undefined) return undefined;
    // Encoded, it leaves room for the outbox and its lane in the 255 bytes of a producer.
    if (typeof principal === "string" && principal !== "" && encodeURIComponent(principal).length <= 180) {
      return principal;
    }
    throw new TypeError("authorize must answer a name that is not empty and not too long, or undefined");
  };
}

function checked(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`${what} must be a whole number from 1, not ${value}`);
}
