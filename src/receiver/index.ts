/**
 * walkabout/receiver: the other end of an outbox. It appends what arrives to a log, each record once, and
 * answers when that is durable.
 */
export { createReceiver, type Handler } from "./receiver.ts";
export type { ReceiverLimits, ReceiverOptions, ReceiverRequest } from "./options.ts";
