/**
 * walkabout/outbox: a durable queue that hands every record to somebody who may be away, in order, and
 * forgets none.
 */
export type { Backoff } from "./backoff.ts";
export type { DeadLetter, DeadLetters, Note } from "./dead-letters.ts";
export type { Deliver, Delivery, DeliveryContext } from "./deliver.ts";
export type { OutboxEvent, OutboxEventName, OutboxEvents, OutboxEventTarget } from "./events.ts";
export { fetchDelivery, type FetchDeliveryOptions, verdictOfResponse } from "./fetch-delivery.ts";
export type { OutboxRecord } from "./journal.ts";
export type { Order } from "./lanes.ts";
export { adoptOrphans, drainOrphans, forgetOutbox, openOutbox } from "./open-outbox.ts";
export type { OutboxAddress, OutboxOptions, WhenFull } from "./options.ts";
export type { Outbox, OutboxStatus, Pushed } from "./outbox.ts";
export type { Clockwork, Hints } from "./platform.ts";
export type { Answer, Dead, Done, Hold, ResponseNote, Retry, Verdict } from "./verdict.ts";
