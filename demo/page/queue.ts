/**
 * The outbox of this tab, from its opening to the death of its worker and beyond, and the bytes of its log. It knows
 * nothing of the screen.
 */
import { browserStorage, type BrowserStorage } from "../../adapters/browser/storage.ts";
import { pathOf } from "../../src/format/names.ts";
import { type LogAddress, type OpenLogOptions, type Storage } from "../../src/index.ts";
import {
  fetchDelivery,
  openOutbox,
  type Outbox,
  type OutboxOptions,
  type Pushed,
} from "../../src/outbox/index.ts";
import type { StoredFile } from "../../src/storage.ts";
import { LogBytes } from "./log-bytes.ts";
import type { Network } from "./network.ts";
import { tapped } from "./tap.ts";

export interface QueueListener {
  /** The state or the bytes are other ones. Called often. */
  changed(): void;
  /** There is a dead letter more. */
  died(): void;
  /** Something happened that a user may want to know. */
  happened(what: string): void;
}

/** The topic under which `openOutbox` keeps what is pending. */
const outboxName = "orders";
export const topic = `${outboxName}.queue`;
const segmentBytes = 128 * 1024;
const partitionKey = "partition";
const lockWaitMs = 5000;
const adoptEveryMs = 5000;

export class Queue {
  readonly #listener: QueueListener;
  readonly #network: Network;
  readonly #storage: BrowserStorage;
  readonly #tapped: Storage;
  readonly #handles = new Map<string, StoredFile>();
  #worker: Worker | undefined;
  #outbox: Outbox | undefined;
  #partition: number | undefined;
  /** Those who wait for the log to be open, in order. */
  #waiting: ((outbox: Outbox) => void)[] = [];
  #adopted = 0;
  #delivered: number;
  /** Called with each write, while somebody waits for one. */
  #onWrite: (() => void) | undefined;
  bytes: LogBytes;
  /** How many were pending when the log was opened last. */
  found = 0;

  /** `delivered` were delivered before this page was opened. */
  constructor(network: Network, listener: QueueListener, delivered = 0) {
    this.#network = network;
    this.#delivered = delivered;
    this.#listener = listener;
    this.#storage = browserStorage({ worker: () => this.#startWorker() });
    this.#tapped = tapped(this.#storage, {
      isMeant: (path) =>
        this.#partition === undefined
          ? path[0] === pathOf(topic, 0)[0]
          : path.join("/") === this.#path.join("/"),
      opened: (name, file) => this.#handles.set(name, file),
      closed: (name) => this.#handles.delete(name),
      removed: (name) => this.bytes.removed(name),
      written: (name, end) => {
        this.bytes.touched(name, end);
        this.#onWrite?.();
        this.#onWrite = undefined;
      },
      flushed: (name, end) => {
        this.bytes.flushed(name, end);
        this.#listener.changed();
      },
    });
    this.bytes = this.#newBytes();
  }

  get outbox(): Outbox | undefined {
    return this.#outbox;
  }

  get storage(): BrowserStorage {
    return this.#storage;
  }

  get address(): LogAddress {
    return { storage: this.#storage, topic, partition: this.#partition ?? 0 };
  }

  /** How the log is opened besides. */
  get options(): Pick<OpenLogOptions, "lockWaitMs" | "segment"> {
    return { lockWaitMs, segment: { maxBytes: segmentBytes } };
  }

  /** Records that the server took from this tab. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Whether there is a worker that could be killed. */
  get hasWorker(): boolean {
    return this.#worker !== undefined;
  }

  /** Opens the log that this tab had before it was reloaded, or the first that nobody has open. */
  async open(): Promise<void> {
    const before = rememberedPartition();
    if (before === undefined) await this.#open("free");
    else await this.reopen(before);
  }

  /** Waits until the log is open. */
  async push(record: { readonly key: string; readonly value: string }): Promise<Pushed> {
    const outbox = this.#outbox ?? (await new Promise<Outbox>((resolve) => this.#waiting.push(resolve)));
    return outbox.push(record);
  }

  /** Resolves with the next write, which is then on its way. */
  nextWrite(): Promise<void> {
    return new Promise((resolve) => (this.#onWrite = resolve));
  }

  /** Ends the worker, and with it the outbox. Answers which log that was. */
  async killWorker(): Promise<number> {
    const outbox = this.#outbox;
    if (outbox === undefined || this.#worker === undefined)
      throw new Error("there is no worker here to be killed");
    this.#worker.terminate();
    this.#worker = undefined;
    this.#outbox = undefined;
    this.#listener.changed();
    await outbox.close().catch(() => undefined);
    return outbox.partition;
  }

  /** Opens the log again, or another one where somebody else has it by now. Answers whether it is the same. */
  async reopen(partition: number): Promise<boolean> {
    try {
      await this.#open(partition);
    } catch {
      await this.#open("free");
    }
    return this.#partition === partition;
  }

  async #open(partition: number | "free"): Promise<void> {
    this.#partition = partition === "free" ? undefined : partition;
    this.#handles.clear();
    const outbox = await openOutbox(this.#options(this.#tapped, partition));
    this.#partition = outbox.partition;
    // What was heard until now may have been of another log that was tried.
    this.bytes = this.#newBytes();
    sessionStorage.setItem(partitionKey, String(outbox.partition));
    this.#outbox = outbox;
    this.found = outbox.pending;
    for (const resolve of this.#waiting.splice(0)) resolve(outbox);
    this.#adopted = 0;
    outbox.events.addEventListener("change", () => this.#changed(outbox));
    outbox.events.addEventListener("delivered", ({ detail }) => this.#count(detail.count));
    outbox.events.addEventListener("dead", ({ detail }) => {
      this.#listener.happened(`Given up: ${detail.reason.slice(0, 120)}`);
      this.#listener.died();
    });
    await this.bytes.load();
    for (const segment of this.bytes.segments) segment.flushed = segment.linkEnd ?? segment.end;
    this.#listener.changed();
  }

  #options(storage: Storage, partition: number | "free"): OutboxOptions {
    return {
      storage,
      name: outboxName,
      partition,
      segmentBytes,
      // What closed tabs have left is delivered by those that are still there.
      adopt: true,
      adoptEveryMs,
      lockWaitMs: partition === "free" ? 0 : lockWaitMs,
      backoff: { baseMs: 250, maxMs: 3000 },
      timeoutMs: 10_000,
      deliver: fetchDelivery({ url: "/ingest", fetch: this.#network.fetch as never }),
    };
  }

  #changed({ adopted }: Outbox): void {
    const last = adopted.at(-1);
    if (adopted.length > this.#adopted && last !== undefined) {
      this.#listener.happened(`Took over the ${last.pending} orders that a closed tab has left.`);
    }
    this.#adopted = adopted.length;
    this.#listener.changed();
  }

  #count(count: number): void {
    this.#delivered += count;
    this.#listener.changed();
  }

  #newBytes(): LogBytes {
    return new LogBytes({
      open: async () => this.#storage.open(this.#path, { mode: "read" }),
      handle: (name) => this.#handles.get(name),
    });
  }

  get #path(): [string, string] {
    return pathOf(topic, this.#partition ?? 0);
  }

  #startWorker(): Worker {
    this.#worker = newWorker();
    return this.#worker;
  }
}

function newWorker(): Worker {
  return new Worker(new URL("../../adapters/browser/worker.ts", import.meta.url), { type: "module" });
}

function rememberedPartition(): number | undefined {
  const text = sessionStorage.getItem(partitionKey);
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}
