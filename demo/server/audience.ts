/** Everybody who watches: server-sent events, at most ten a second, and none to whoever does not keep up. */
import type { ServerResponse } from "node:http";

const watchersMax = 64;
const intervalMs = 100;
const aliveMs = 15_000;
/** Somebody with so much unread gets nothing new until it is read. */
const unreadMax = 256 * 1024;

export class Audience {
  readonly #watchers = new Set<ServerResponse>();
  readonly #state: () => object;
  #timer: NodeJS.Timeout | undefined;
  readonly #pulse: NodeJS.Timeout;

  constructor(state: () => object) {
    this.#state = state;
    this.#pulse = setInterval(() => this.#write(": still here\n\n"), aliveMs);
    this.#pulse.unref();
  }

  get isFull(): boolean {
    return this.#watchers.size >= watchersMax;
  }

  /** Keeps the response open, and sends it the state now and after every change. */
  add(response: ServerResponse): void {
    this.#watchers.add(response);
    response.on("close", () => this.#watchers.delete(response));
    response.write(`retry: 1000\n${this.#event()}`);
  }

  /** The state is another one. */
  changed(): void {
    if (this.#watchers.size === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#write(this.#event());
    }, intervalMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#pulse);
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
  }

  #event(): string {
    return `event: state\ndata: ${JSON.stringify(this.#state())}\n\n`;
  }

  #write(text: string): void {
    for (const watcher of this.#watchers) {
      if (watcher.writableLength < unreadMax) watcher.write(text);
    }
  }
}
