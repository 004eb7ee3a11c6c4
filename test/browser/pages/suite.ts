/** Runs a suite in this page, or in a worker of it. */
import { parameter, report } from "../suites/report.ts";
import { runSuites } from "../suites/run.ts";
import workerUrl from "../suites/worker.ts?worker&url";

if (parameter("context") === "worker") {
  const worker = new Worker(workerUrl + location.search, { type: "module" });
  worker.addEventListener("error", (event) => {
    void report({ type: "error", message: event.message || "the worker cannot start" });
    void report({ type: "end" });
  });
} else {
  await runSuites();
}
