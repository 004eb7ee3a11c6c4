/**
 * What the outbox takes from its runtime when it is not given: timers, chance, hints and an event
 * target. This is the only file that looks at `globalThis`; every type here is the part of the
 * platform's that is used, so that neither the DOM's types nor Node's are needed.
 */
import type { Signal } from "../storage.ts";

/** Timers and chance. Give your own to run an outbox on simulated time. */
export interface Clockwork {
  /**
   * Calls `callback` once after about `ms` milliseconds. Answers what calls it off. No process has to
   * live on for one that is `idle`.
   */
  after(ms: number, callback: () => void, idle?: boolean): () => void;
  /** A number in `[0, 1)`. */
  random(): number;
  /** A name that nobody else has: 1 to 64 letters, digits, `-` or `_`. */
  newId(): string;
}

/** Something may have changed for the better: calls `wake`. Answers what ends the listening. */
export type Hints = (wake: () => void) => () => void;

/** Hears when others go who have the same outbox open. It may miss some: it is a hint. */
export interface Neighbours {
  /** Looks who is there by now. */
  look(): void;
  /** Tells the others that this one goes. */
  leave(): void;
}

/** What an `AbortController` is to the outbox. */
export interface Aborter {
  readonly signal: Signal;
  abort(reason?: unknown): void;
}

interface Target {
  addEventListener(type: string, listener: (event: never) => void): void;
  removeEventListener(type: string, listener: (event: never) => void): void;
}

/** The part of the platform's `LockManager` that is used. */
interface Locks {
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
  request(name: string, options: { readonly signal?: Signal }, use: () => unknown): Promise<unknown>;
}

interface Runtime extends Partial<Target> {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  readonly crypto: { randomUUID?(): string; getRandomValues(bytes: Uint8Array): Uint8Array };
  readonly AbortController: new () => Aborter;
  readonly document?: Target & { readonly visibilityState: string };
  readonly navigator?: { readonly locks?: Locks };
  readonly Deno?: { unrefTimer(timer: unknown): void };
}

const runtime = globalThis as unknown as Runtime;

/** A longer timer would fire at once. */
const timerMsMax = 2 ** 31 - 1;

export const clockwork: Clockwork = {
  after(ms, callback, idle = false) {
    const timer = runtime.setTimeout(callback, Math.min(ms, timerMsMax));
    if (idle) letGo(timer);
    return () => runtime.clearTimeout(timer);
  },
  random: () => Math.random(),
  newId: () => {
    const bytes = runtime.crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  },
};

/** The runtime need not stay for this timer. Pages have no such thing. */
function letGo(timer: unknown): void {
  if (typeof timer === "object") (timer as { unref?(): void }).unref?.();
  else runtime.Deno?.unrefTimer(timer);
}

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

/**
 * Whoever has the outbox open holds a Web Lock with a name of its own, and waits for those of the others: who gets
 * one knows that its holder is gone. Where there are no pages, there are no neighbours.
 */
export function meetNeighbours(name: string, gone: () => void): Neighbours {
  const locks = runtime.document ? runtime.navigator?.locks : undefined;
  if (locks === undefined) return { look: () => undefined, leave: () => undefined };
  const prefix = `walkabout outbox ${name} `;
  const own = prefix + clockwork.newId();
  const known = new Set([own]);
  const aborter = newAborter();
  const { signal } = aborter;
  let leave!: () => void;
  const here = new Promise<void>((resolve) => (leave = resolve));
  locks.request(own, {}, () => here).catch(ignore);
  const look = async (): Promise<void> => {
    const { held = [] } = await locks.query();
    for (const { name: other = "" } of held) {
      if (signal.aborted || known.has(other) || !other.startsWith(prefix)) continue;
      known.add(other);
      locks.request(other, { signal }, gone).catch(ignore);
    }
  };
  return {
    look: () => void look().catch(ignore),
    leave: () => {
      aborter.abort();
      leave();
    },
  };
}

function ignore(): void {
  // A hint that cannot be had is none.
}

export function newAborter(): Aborter {
  return new runtime.AbortController();
}
