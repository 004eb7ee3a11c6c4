/** Appends a batch to the log, each record once. It knows nothing of HTTP. */
import { type Producer, type RecordInput, WalError } from "../index.ts";
import type { WireBatch } from "../wire/batch.ts";
import type { ReceiverOptions } from "./options.ts";

/** How many of the records were new, and how many had been there. */
export interface Stored {
  readonly stored: number;
  readonly duplicates: number;
}

/** An epoch would begin a fresh sequence space, in which every repeat looks new. See DESIGN.md. */
const epoch = 0;

/**
 * Resolves when all of the records are durable, whoever sent them first. The new ones are in one atomic batch.
 * `principal` is part of the producer, so that nobody speaks for somebody else.
 */
export async function store(
  log: ReceiverOptions["log"],
  principal: string,
  { outbox, lane, sequence, records }: WireBatch,
): Promise<Stored> {
  const id = `${encodeURIComponent(principal)}/${outbox}/${lane}`;
  try {
    const acks = await log.appendBatch(records, { producer: { id, epoch, sequence } });
    const duplicates = acks.filter((ack) => ack.duplicate).length;
    return { stored: records.length - duplicates, duplicates };
  } catch (error) {
    if (!isForgotten(error)) throw error;
  }
  // Some are repeats whose place in the log is forgotten or truncated away.
  return storeOneByOne(log, records, (index) => ({ id, epoch, sequence: sequence + index }));
}

/** They keep their order, and share a flush, but they are no batch any more. */
async function storeOneByOne(
  log: ReceiverOptions["log"],
  records: readonly RecordInput[],
  producerOf: (index: number) => Producer,
): Promise<Stored> {
  const appends = records.map((record, index) => log.append(record, { producer: producerOf(index) }));
  let stored = 0;
  for (const outcome of await Promise.allSettled(appends)) {
    if (outcome.status === "rejected" && !isForgotten(outcome.reason)) throw outcome.reason;
    if (outcome.status === "fulfilled" && !outcome.value.duplicate) stored++;
  }
  // A repeat may be of something that is only on its way.
  await log.flush();
  return { stored, duplicates: records.length - stored };
}

function isForgotten(error: unknown): boolean {
  return error instanceof WalError && error.code === "DUPLICATE";
}
