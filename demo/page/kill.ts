/** Kills the worker in the middle of a write, looks at what it left, and opens the log again. Loaded when it is needed. */
import { openLog, type RecoveryReport, verify, type VerifyReport } from "../../src/index.ts";
import { counted, plural } from "./dom.ts";
import type { Orders } from "./orders.ts";
import type { Queue } from "./queue.ts";

/** What the log looked like when its worker was dead, and what opening it again made of that. */
export interface Autopsy {
  readonly verified: VerifyReport;
  readonly recovery: RecoveryReport;
}

export interface Killing {
  readonly autopsy: Autopsy;
  /** In words, with what became of the orders that were on their way. */
  readonly says: string;
}

/** `burst` places orders, of which the first write is the moment. */
export async function kill(queue: Queue, orders: Orders, burst: () => Promise<void>[]): Promise<Killing> {
  const written = queue.nextWrite();
  const placed = burst();
  await written;
  // The write travels in this turn. Its flush is not waited for.
  await new Promise((wake) => setTimeout(wake));
  const partition = await queue.killWorker();
  const address = { ...queue.address, partition };
  const verified = await verify(address);
  const log = await openLog({ ...address, ...queue.options });
  const { recovery } = log;
  await log.close();
  if (!(await queue.reopen(partition))) orders.beginAnew();
  const outcomes = await Promise.allSettled(placed);
  const kept = outcomes.filter(({ status }) => status === "fulfilled").length;
  const says =
    `The worker was killed with ${plural(placed.length, "order")} on their way: ${counted(kept)} acknowledged, ` +
    `${counted(placed.length - kept)} not. Nobody was promised those: each arrives once or never. A new worker has opened the log.`;
  return { autopsy: { verified, recovery }, says };
}
