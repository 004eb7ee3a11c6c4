/** Opens a log, reports what is in it, appends one record, and reloads itself. */
import { parameter, report, reporting } from "../suites/report.ts";
import { runReloaded } from "../suites/reloaded.ts";
import workerUrl from "../suites/reloaded-worker.ts?worker&url";

await reporting(async () => {
  if (parameter("store") === "opfs") {
    const worker = new Worker(workerUrl + location.search, { type: "module" });
    worker.addEventListener("error", ({ message }) => void report({ type: "error", message }));
    await new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
  } else {
    await runReloaded("indexeddb");
  }
});
location.reload();
