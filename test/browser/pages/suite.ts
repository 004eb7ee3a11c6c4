/** Runs a suite in this page, or in a worker or a service worker of it. */
import { parameter, report, reporting } from "../suites/report.ts";
import { runSuites } from "../suites/run.ts";
import serviceWorkerUrl from "../suites/service-worker.ts?worker&url";
import workerUrl from "../suites/worker.ts?worker&url";

const context = parameter("context");
if (context === "worker") {
  const worker = new Worker(workerUrl + location.search, { type: "module" });
  worker.addEventListener("error", (event) => {
    void report({ type: "error", message: event.message || "the worker cannot start" });
    void report({ type: "end" });
  });
} else if (context === "service worker") {
  try {
    await startServiceWorker();
  } catch (error) {
    await reporting(() => Promise.reject(error));
  }
} else {
  await runSuites();
}

async function startServiceWorker(): Promise<void> {
  const url = serviceWorkerUrl + location.search;
  const { installing } = await navigator.serviceWorker.register(url, { type: "module" });
  installing!.postMessage("begin");
}
