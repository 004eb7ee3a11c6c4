/** What an outbox tells while it works, through the platform's own `EventTarget`. */
import type { DeadLetter } from "./dead-letters.ts";

/** The kinds of events, each with what its `detail` is. */
export interface OutboxEvents {
  /** The status is another one. Look at `outbox.status`. */
  readonly change: undefined;
  /** Records were taken. */
  readonly delivered: { readonly count: number };
  /** A delivery has to be repeated. */
  readonly retry: {
    readonly count: number;
    readonly attempts: number;
    readonly reason: string;
    readonly waitMs: number;
  };
  /** Nothing is delivered until `resume()`. */
  readonly held: { readonly reason: string };
  /** A record was given up, and is a dead letter now. */
  readonly dead: DeadLetter;
  /** The log could not be read or written. It is tried again. */
  readonly error: { readonly error: unknown };
}

export type OutboxEventName = keyof OutboxEvents;

export interface OutboxEvent<Name extends OutboxEventName> {
  readonly type: string;
  readonly detail: OutboxEvents[Name];
}

/** The part of the platform's `EventTarget` that an outbox offers, with the types of its own events. */
export interface OutboxEventTarget {
  addEventListener<Name extends OutboxEventName>(
    type: Name,
    listener: (event: OutboxEvent<Name>) => void,
    options?: { readonly once?: boolean },
  ): void;
  removeEventListener<Name extends OutboxEventName>(
    type: Name,
    listener: (event: OutboxEvent<Name>) => void,
  ): void;
}

export type Emit = <Name extends OutboxEventName>(type: Name, detail: OutboxEvents[Name]) => void;

declare const EventTarget: { new (): OutboxEventTarget & { dispatchEvent(event: object): void } };
declare const CustomEvent: { new (type: string, init: { detail: unknown }): object };

/** A target, and the function that tells its listeners. */
export function newEvents(): { target: OutboxEventTarget; emit: Emit } {
  const target = new EventTarget();
  return { target, emit: (type, detail) => target.dispatchEvent(new CustomEvent(type, { detail })) };
}
