/**
 * The page's side of a worker: it sends what was called in one turn of the event loop as one message, and notices
 * when the worker has died. It knows nothing of what the calls mean.
 */
import { WalError, type WalErrorCode } from "../../src/errors.ts";
import type { Answer, Call, Failure, Hello, Request, Value, Welcome } from "./messages.ts";
import type { WorkerSource } from "./worker-source.ts";

/** How long a worker may take to start, in ms. */
const startMsMax = 20_000;

/** How many microtasks calls are collected for: a write and the flush behind it travel together. */
const hops = 4;

interface Waiting {
  resolve(value: Value): void;
  reject(error: unknown): void;
}

export class Connection {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #batch: Call[] = [];
  #transfer: Transferable[] = [];
  #last = 0;
  #death: WalError | undefined;
  readonly #watching = new AbortController();
  /** How many are open, or being opened, over it. */
  places = 0;

  /** Use `connect`. */
  constructor(worker: Worker) {
    this.#worker = worker;
  }

  get isDead(): boolean {
    return this.#death !== undefined;
  }

  /** Starts a worker, and answers it, or the reason why there are no handles in it. */
  static async connect(source: WorkerSource | undefined, hello: Hello): Promise<Connection | string> {
    let worker: Worker;
    try {
      worker = started(source);
    } catch (error) {
      return `the worker cannot be started: ${String(error)}`;
    }
    const connection = new Connection(worker);
    const welcome = await connection.#greet(hello).catch((error: unknown) => String(error));
    if (typeof welcome !== "string" && welcome.refusal === undefined) {
      connection.#listen(welcome.lifeLock);
      return connection;
    }
    worker.terminate();
    return typeof welcome === "string" ? welcome : welcome.refusal!;
  }

  call(request: Request): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) {
        reject(this.#death);
        return;
      }
      this.#waiting.set(this.#post(request, []), { resolve, reject });
    });
  }

  /** As `call`, for a call that is not answered. */
  send(request: Request, transfer: Transferable[]): void {
    if (this.#death !== undefined) throw this.#death;
    this.#post(request, transfer);
  }

  /** Ends the worker. What was on its way is rejected. */
  end(reason = "the worker was closed"): void {
    if (this.#death !== undefined) return;
    this.#death = new WalError("UNAVAILABLE", `${reason}: open the log again`);
    this.#watching.abort();
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(this.#death);
    this.#waiting.clear();
  }

  #post(request: Request, transfer: Transferable[]): number {
    const id = ++this.#last;
    this.#batch.push({ ...request, id });
    this.#transfer.push(...transfer);
    if (this.#batch.length === 1) void this.#sendSoon();
    return id;
  }

  async #sendSoon(): Promise<void> {
    for (let hop = 0; hop < hops; hop++) await undefined;
    const [batch, transfer] = [this.#batch, this.#transfer];
    this.#batch = [];
    this.#transfer = [];
    if (this.#death === undefined) this.#worker.postMessage(batch, transfer);
  }

  #greet(hello: Hello): Promise<Welcome> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the worker did not start in time")), startMsMax);
      const failed = (event: ErrorEvent): void => {
        clearTimeout(timer);
        reject(new Error(`the worker cannot be started: ${event.message || "its file cannot be loaded"}`));
      };
      const welcomed = ({ data }: MessageEvent<Welcome>): void => {
        clearTimeout(timer);
        this.#worker.removeEventListener("error", failed);
        resolve(data);
      };
      this.#worker.addEventListener("message", welcomed, { once: true });
      this.#worker.addEventListener("error", failed, { once: true });
      this.#worker.postMessage(hello);
    });
  }

  #listen(lifeLock: string | undefined): void {
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Answer[]>) => {
      for (const { id, value, error } of data) {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error === undefined) waiting?.resolve(value);
        else waiting?.reject(errorOf(error));
      }
    });
    this.#worker.addEventListener("error", ({ message }) => this.end(`the worker has failed: ${message}`));
    if (lifeLock === undefined) return;
    const { signal } = this.#watching;
    // Whoever gets this lock knows that its holder is no more.
    navigator.locks
      .request(lifeLock, { signal }, async () => this.end("the worker has died"))
      .catch(() => undefined);
  }
}

/** The bundlers find the worker's file by this very expression. */
function started(source: WorkerSource | undefined): Worker {
  if (source === undefined) return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const given = typeof source === "function" ? source() : source;
  // What is given is one of the page's own, of which no more is known here than what is used.
  return given instanceof URL ? new Worker(given, { type: "module" }) : (given as Worker);
}

function errorOf({ name, message, code }: Failure): Error {
  if (code !== undefined) return new WalError(code as WalErrorCode, message);
  return Object.assign(new Error(message), { name });
}
