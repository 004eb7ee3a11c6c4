/** The outbox that a page and its service worker share. */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import { indexedDbStorage } from "../../../adapters/indexeddb/storage.ts";
import { fetchDelivery, type OutboxOptions } from "../../../src/outbox/index.ts";
import { parameter } from "./report.ts";

export function syncOptions(): OutboxOptions {
  return {
    storage: parameter("store") === "indexeddb" ? indexedDbStorage() : browserStorage(),
    name: "orders",
    deliver: fetchDelivery({ url: parameter("url") }),
    backoff: { baseMs: 20, maxMs: 400 },
  };
}
