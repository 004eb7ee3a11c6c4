/**
 * The faults that tests ask for: which operations they meet, how often, and what they do. A fault made
 * here is a hook for a machine; it knows nothing of logs.
 */
import type { Call, Fault, Hook, Operation } from "./faulty-storage.ts";

export interface Target {
  readonly op: Operation | readonly Operation[];
  /** Part of the name of the file. */
  readonly name?: string;
  /** How many that match are let pass first. */
  readonly after?: number;
  /** How many are met, 1 by default. */
  readonly times?: number;
  readonly when?: (call: Call) => boolean;
}

/** A hook that says how often it has met an operation. */
export interface CountingHook {
  (call: Call): ReturnType<Hook>;
  met: number;
}

export function diskError(): Error {
  return Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
}

export function fullDisk(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
}

/** Does `act` to the operations that match `target`. */
export function fault(target: Target, act: (call: Call) => ReturnType<Hook>): CountingHook {
  const { after = 0, times = 1 } = target;
  let matched = 0;
  const hook: CountingHook = Object.assign(
    (call: Call) => {
      if (!matches(target, call)) return undefined;
      matched++;
      if (matched <= after || matched > after + times) return undefined;
      hook.met++;
      return act(call);
    },
    { met: 0 },
  );
  return hook;
}

/** Fails before anything is done. */
export function failing(target: Target, error = diskError): CountingHook {
  return fault(target, () => {
    throw error();
  });
}

/** Does all that was asked for, and fails then. */
export function failingAfterwards(target: Target, error = diskError): CountingHook {
  return fault(target, () => ({ afterwards: error() }));
}

/** Writes another number of bytes than it was given, or answers another number than it wrote. */
export function miscounting(
  target: Omit<Target, "op">,
  count: (call: Call) => Omit<Fault, "afterwards">,
): CountingHook {
  return fault({ ...target, op: "write" }, count);
}

/** The first of several hooks that has something to say is heard. */
export function anyOf(...hooks: Hook[]): Hook {
  return (call) => {
    for (const hook of hooks) {
      const answer = hook(call);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
}

/** An operation that waits until it is told to go on. */
export interface Gate {
  readonly hook: Hook;
  /** Resolves when the operation has come. */
  readonly reached: Promise<void>;
  pass(fault?: Fault): void;
  fail(error: unknown): void;
}

export function gate(target: Target): Gate {
  const arrival = deferred<void>();
  const decision = deferred<Fault | void>();
  const hook = fault(target, () => {
    arrival.resolve();
    return decision.promise;
  });
  return { hook, reached: arrival.promise, pass: decision.resolve, fail: decision.reject };
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  const parts: Partial<Deferred<T>> = {};
  const promise = new Promise<T>((resolve, reject) => Object.assign(parts, { resolve, reject }));
  promise.catch(() => undefined);
  return Object.assign(parts, { promise }) as Deferred<T>;
}

function matches({ op, name, when }: Target, call: Call): boolean {
  const isMeant = typeof op === "string" ? op === call.op : op.includes(call.op);
  return isMeant && (name === undefined || call.name.includes(name)) && (when === undefined || when(call));
}
