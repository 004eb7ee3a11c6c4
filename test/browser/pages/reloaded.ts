/** Opens a log in each storage, reports what is in it, appends one record, and reloads itself. */
import { report, reporting } from "../suites/report.ts";
import { runReloaded } from "../suites/reloaded.ts";
import workerUrl from "../suites/reloaded-worker.ts?worker&url";

const worker = new Worker(workerUrl + location.search, { type: "module" });
worker.addEventListener("error", ({ message }) => void report({ type: "error", message }));
const inWorker = new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
await reporting(() => runReloaded("indexeddb"));
await inWorker;
location.reload();
