/** A page that pushes, asks for Background Sync, and waits for nothing; or one that only waits to be drained. */
import { askForSync } from "../../../examples/background-sync/background-sync.ts";
import { openOutbox } from "../../../src/outbox/index.ts";
import { hasParameter, parameter, report } from "../suites/report.ts";
import { syncOptions } from "../suites/sync.ts";

// One worker for all pages of a run.
const shared = new URLSearchParams(["run", "url", "store"].map((name) => [name, parameter(name)]));
const registration = await navigator.serviceWorker.register(`/sync-worker.js?${shared}`, { type: "module" });
await navigator.serviceWorker.ready;
if (hasParameter("push")) {
  const outbox = await openOutbox({ ...syncOptions(), partition: "free" });
  const before = outbox.pending;
  const count = Number(parameter("push"));
  await Promise.all(
    Array.from({ length: count }, (_, index) => outbox.push({ key: "k", value: `record ${index}` })),
  );
  const isAsked = await askForSync("orders");
  await report({ type: "pushed", before, isAsked, hasSync: "sync" in registration });
  if (hasParameter("drain")) {
    await outbox.drained();
    await report({ type: "drained" });
  }
}
await report({ type: "ready" });
