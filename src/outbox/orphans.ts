/** Finds the logs of an outbox that nobody has open, and opens or drains them for somebody who asks. */
import { listLogs, WalError } from "../index.ts";
import { reasonOf } from "../errors.ts";
import { topicOf } from "./names.ts";
import type { OutboxSettings } from "./options.ts";
import type { Outbox } from "./outbox.ts";

export interface Search {
  readonly settings: OutboxSettings;
  readonly open: (partition: number) => Promise<Outbox>;
  readonly skipped: (partition: number) => boolean;
  /** Hears of those that cannot be opened. They stay as they are. */
  readonly onError: (error: unknown) => void;
  /** Hears of those that somebody else has open. */
  readonly onLocked?: (() => void) | undefined;
}

/** Opens, one after the other, every log that nobody has open and in which something is left. */
export async function* orphansOf({
  settings,
  open,
  skipped,
  onError,
  onLocked,
}: Search): AsyncGenerator<Outbox> {
  const { storage, name, principal } = settings.address;
  for (const { partition } of await listLogs({ storage, topic: topicOf(name, principal, "queue") })) {
    if (skipped(partition)) continue;
    try {
      const orphan = await open(partition);
      if (orphan.pending > 0 || orphan.dead.count > 0) yield orphan;
      else await orphan.close();
    } catch (error) {
      if (isLocked(error)) onLocked?.();
      else onError(error);
    }
  }
}

export function isLocked(error: unknown): boolean {
  return error instanceof WalError && error.code === "LOCKED";
}

/** Resolves when everything was delivered. Rejects at the first failure: whoever asked comes back later. */
export async function drainNow(outbox: Outbox): Promise<void> {
  const refused = new Promise<never>((_, reject) => {
    const give = (reason: string): void => {
      const message = `cannot drain partition ${outbox.partition}: ${outbox.pending} records are pending: ${reason}`;
      reject(new WalError("UNAVAILABLE", message));
    };
    outbox.events.addEventListener("held", ({ detail }) => give(detail.reason));
    outbox.events.addEventListener("error", ({ detail }) => give(reasonOf(detail.error)));
    outbox.events.addEventListener("retry", ({ detail }) => {
      // One that is not waited for belongs to the search for a bad record.
      if (detail.waitMs > 0) give(detail.reason);
    });
  });
  await Promise.race([outbox.drained(), refused]);
}
