/**
 * An outbox that goes on delivering when its last tab is closed, in browsers with Background Sync (Chromium). Where
 * there is none, nothing changes: the next tab that opens the outbox delivers what is left. The outbox has to lie
 * in IndexedDB, because a service worker has no handles of files.
 *
 *     // in the page
 *     const options = { storage: indexedDbStorage(), name: "orders", deliver: fetchDelivery({ url: "/ingest" }) };
 *     const outbox = await openOutbox({ ...options, partition: "free" });
 *     await outbox.push({ value });
 *     await askForSync("orders");
 *
 *     // in the service worker
 *     addEventListener("sync", (event) => {
 *       if (event.tag === "orders") event.waitUntil(drainAtSync(options));
 *     });
 */
import { drainOrphans, type OutboxOptions } from "../../src/outbox/index.ts";

interface SyncManager {
  register(tag: string): Promise<void>;
}

/** Asks the browser to wake the service worker when there is a network. Answers whether it will. */
export async function askForSync(tag: string): Promise<boolean> {
  const registration = await globalThis.navigator?.serviceWorker?.getRegistration();
  const { sync } = (registration ?? {}) as { readonly sync?: SyncManager };
  if (sync === undefined) return false;
  // Users can forbid it.
  return sync.register(tag).then(
    () => true,
    () => false,
  );
}

/**
 * What the service worker does when it is woken. It rejects where something may be left, which tells the browser to
 * wake it again: when a delivery failed, and when a tab has its log open, which delivers by itself but may go first.
 */
export async function drainAtSync(options: OutboxOptions): Promise<void> {
  const { openElsewhere } = await drainOrphans(options);
  if (openElsewhere > 0) throw new Error(`${openElsewhere} tabs deliver their own records`);
}
