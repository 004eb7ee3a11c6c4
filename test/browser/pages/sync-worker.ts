/** The service worker: drains when the browser says so, and tells what came of it. */
import { drainAtSync } from "../../../examples/background-sync/background-sync.ts";
import { describe, report } from "../suites/report.ts";
import { syncOptions } from "../suites/sync.ts";

interface SyncEvent extends Event {
  readonly tag: string;
  waitUntil(work: Promise<unknown>): void;
}

addEventListener("sync", (event) => {
  const { tag } = event as SyncEvent;
  if (tag === "orders") (event as SyncEvent).waitUntil(drain());
});

async function drain(): Promise<void> {
  try {
    await drainAtSync(syncOptions());
    await report({ type: "synced" });
  } catch (error) {
    await report({ type: "refused", message: describe(error) });
    throw error;
  }
}
