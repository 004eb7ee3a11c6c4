/**
 * The exclusive lock of a place: an entry that its holder renews as long as it lives, so that the death
 * of the holder frees it. Everything the holder changes is committed on the condition that the entry
 * is still its own: a holder that was asleep for too long changes nothing any more.
 */
import { WalError } from "../../src/index.ts";
import type { Changes, Key, KeyValueStore } from "./store.ts";

export class Lease {
  readonly #store: KeyValueStore;
  readonly #key: Key;
  #version: string;
  /** Commits of one holder go one after the other, because each renewal makes a new version. */
  #last: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(store: KeyValueStore, key: Key, version: string, ms: number) {
    this.#store = store;
    this.#key = key;
    this.#version = version;
    // A renewal that fails is noticed by the next commit, which fails as well.
    this.#timer = setInterval(() => void this.#renew(Date.now() + ms).catch(() => undefined), ms / 3);
  }

  /** Takes the lock at once, or throws `LOCKED`. */
  static async take(store: KeyValueStore, root: Key, ms: number): Promise<Lease> {
    const key = [...root, "lock"];
    const found = await store.get(key);
    if (found === undefined || expiryOf(found.value) <= Date.now()) {
      const set = [[key, entryOf(Date.now() + ms)] as const];
      const version = await store.commit({ check: { key, version: found?.version }, set });
      if (version !== undefined) return new Lease(store, key, version, ms);
    }
    throw new WalError("LOCKED", `cannot open ${root.join("/")} for writing: somebody else holds it`);
  }

  /** Commits changes if the lock is still ours, and throws if not. */
  commit(changes: Omit<Changes, "check">): Promise<void> {
    return this.#inTurn(async () => {
      const check = { key: this.#key, version: this.#version };
      if ((await this.#store.commit({ ...changes, check })) === undefined) {
        throw new Error(`the lock ${this.#key.join("/")} was lost: it was not renewed in time`);
      }
    });
  }

  /** Frees the lock. The entry stays, as the mark that there is such a place. */
  async release(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#renew(0);
  }

  #renew(expiry: number): Promise<void> {
    return this.#inTurn(async () => {
      const check = { key: this.#key, version: this.#version };
      const version = await this.#store.commit({ check, set: [[this.#key, entryOf(expiry)]] });
      if (version !== undefined) this.#version = version;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

export function entryOf(expiry: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ expiry }));
}

function expiryOf(value: Uint8Array): number {
  return (JSON.parse(new TextDecoder().decode(value)) as { expiry: number }).expiry;
}
