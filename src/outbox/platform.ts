/**
 * What the outbox takes from its runtime when it is not given: timers, chance, hints and an event
 * target. This is the only file that looks at `globalThis`; every type here is the part of the
 * platform's that is used, so that neither the DOM's types nor Node's are needed.
 */
import type { Signal } from "../storage.ts";

/** Timers and chance. Give your own to run an outbox on simulated time. */
export interface Clockwork {
  /** Calls `callback` once after about `ms` milliseconds. Answers what calls it off. */
  after(ms: number, callback: () => void): () => void;
  /** A number in `[0, 1)`. */
  random(): number;
  /** A name that nobody else has: 1 to 64 letters, digits, `-` or `_`. */
  newId(): string;
}

/** Something may have changed for the better: calls `wake`. Answers what ends the listening. */
export type Hints = (wake: () => void) => () => void;

/** What an `AbortController` is to the outbox. */
export interface Aborter {
  readonly signal: Signal;
  abort(reason?: unknown): void;
}

interface Target {
  addEventListener(type: string, listener: (event: never) => void): void;
  removeEventListener(type: string, listener: (event: never) => void): void;
}

interface Runtime extends Partial<Target> {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  readonly crypto: { randomUUID?(): string; getRandomValues(bytes: Uint8Array): Uint8Array };
  readonly AbortController: new () => Aborter;
  readonly document?: Target & { readonly visibilityState: string };
}

const runtime = globalThis as unknown as Runtime;

/** A longer timer would fire at once. */
const timerMsMax = 2 ** 31 - 1;

export const clockwork: Clockwork = {
  after(ms, callback) {
    const timer = runtime.setTimeout(callback, Math.min(ms, timerMsMax));
    return () => runtime.clearTimeout(timer);
  },
  random: () => Math.random(),
  newId: () => {
    const bytes = runtime.crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  },
};

/** The network came back, or the page did. Where a runtime has no such events, there are no hints. */
export const hints: Hints = (wake) => {
  const listening: [Target, string][] = [];
  const listen = (target: Partial<Target> | undefined, type: string): void => {
    if (typeof target?.addEventListener !== "function") return;
    target.addEventListener(type, wake);
    listening.push([target as Target, type]);
  };
  listen(runtime, "online");
  listen(runtime, "pageshow");
  listen(runtime.document, "visibilitychange");
  listen(runtime.document, "resume");
  return () => {
    for (const [target, type] of listening) target.removeEventListener(type, wake);
  };
};

export function newAborter(): Aborter {
  return new runtime.AbortController();
}
