/** A tab with an outbox, which does as the driver tells it through the functions that it finds here. */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import { fetchDelivery, openOutbox } from "../../../src/outbox/index.ts";
import { parameter } from "../suites/report.ts";

declare function acknowledged(value: string): void;

const errors: string[] = [];

const outbox = await openOutbox({
  storage: browserStorage({ name: "outbox-test", whenFrozen: "let-go" }),
  name: "orders",
  principal: "somebody",
  partition: "free",
  deliver: fetchDelivery({ url: parameter("url") }),
  backoff: { baseMs: 20, maxMs: 400 },
  timeoutMs: 5000,
  adoptEveryMs: 2000,
  lockWaitMs: 5000,
});
outbox.events.addEventListener("error", ({ detail }) => errors.push(String(detail.error)));

const tab = {
  /** Pushes all at once, and tells of each as soon as it is acknowledged. Answers how many were rejected. */
  async push(values: readonly string[]): Promise<number> {
    let rejected = 0;
    const pushes = values.map(async (value) => {
      try {
        await outbox.push({ key: value.split(" ")[1]!, value });
        acknowledged(value);
      } catch (error) {
        // A tab that freezes gives its logs free.
        if (!/frozen/.test(String(error))) throw error;
        rejected++;
      }
    });
    await Promise.all(pushes);
    return rejected;
  },
  state: () => ({
    partition: outbox.partition,
    pending: outbox.pending,
    dead: outbox.status.dead,
    state: outbox.status.state,
    reason: outbox.status.reason,
    adopted: outbox.adopted.map(({ partition, pending }) => ({ partition, pending })),
    errors,
  }),
  close: () => outbox.close(),
};

Object.assign(globalThis, { tab });
