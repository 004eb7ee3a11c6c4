/** The tab's way to the server, which can be cut: what is on its way is aborted then, and nothing new leaves. */

export class Network {
  #cut: AbortController | undefined = new AbortController();

  get isOnline(): boolean {
    return this.#cut !== undefined;
  }

  turn(online: boolean): void {
    if (online === this.isOnline) return;
    this.#cut?.abort(new TypeError("this tab is offline"));
    this.#cut = online ? new AbortController() : undefined;
  }

  readonly fetch: typeof fetch = (input, init = {}) => {
    if (this.#cut === undefined) return Promise.reject(new TypeError("this tab is offline"));
    const signals = [this.#cut.signal, ...(init.signal ? [init.signal] : [])];
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  };
}
