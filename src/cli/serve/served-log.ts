/** One topic that is served: its log, the receiver that fills it, and what was answered. */
import { nodeStorage } from "../../../adapters/node/storage.ts";
import { reasonOf, WalError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { openLog } from "../../open-log.ts";
import type { OpenLogOptions } from "../../options.ts";
import { createReceiver } from "../../receiver/index.ts";
import type { Gate } from "./gate.ts";

export interface ServedLogOptions {
  readonly folder: string;
  readonly topic: string;
  readonly retention: OpenLogOptions["retention"];
  readonly bodyBytesMax: number | undefined;
  readonly gate: Gate;
  /** Hears of what senders are only told as "try again". */
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** A receiver wants to remember 8 lanes of each. */
const outboxesMax = 10_000;

export class ServedLog {
  readonly log: Log;
  readonly topic: string;
  /** Where its batches are posted to. */
  readonly post: string;
  /** How often each HTTP status was answered. */
  readonly answers = new Map<number, number>();
  #lastError: string | undefined;
  readonly #receive: (request: Request) => Promise<Response>;

  /** Takes the lock, and creates the log where it is missing. */
  static async open(options: ServedLogOptions): Promise<ServedLog> {
    const { folder, topic, retention, signal } = options;
    const storage = nodeStorage(folder);
    const log = await openLog({ storage, topic, retention, signal, maxProducers: outboxesMax * 8 });
    return new ServedLog(log, options);
  }

  private constructor(log: Log, { topic, bodyBytesMax, gate, onError }: ServedLogOptions) {
    this.log = log;
    this.topic = topic;
    this.post = new URL(`http://host/${encodeURIComponent(topic)}`).pathname;
    this.#receive = createReceiver({
      log,
      // Whoever knows the token is the same one.
      authorize: (request) => (gate.isKnown(request as unknown as Request) ? "sender" : undefined),
      limits: { bodyBytes: bodyBytesMax, outboxes: outboxesMax },
      onError: (error) => {
        if (isOfSender(error)) return;
        this.#lastError = reasonOf(error);
        onError(error);
      },
    }) as (request: Request) => Promise<Response>;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  async take(request: Request): Promise<Response> {
    const response = await this.#receive(request);
    this.answers.set(response.status, (this.answers.get(response.status) ?? 0) + 1);
    return response;
  }
}

/** A body that broke off is nobody's fault here. */
function isOfSender(error: unknown): boolean {
  return !(error instanceof WalError) && error instanceof Error && error.name === "AbortError";
}
