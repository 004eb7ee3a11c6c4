/** Appends to a log in each of the storages that the address names. */
import { runAppender } from "../suites/appender.ts";
import workerUrl from "../suites/appender-worker.ts?worker&url";
import { parameter, report, reporting } from "../suites/report.ts";

const stores = parameter("stores").split(",");
const worker = stores.includes("opfs") && new Worker(workerUrl + location.search, { type: "module" });
if (worker) worker.addEventListener("error", ({ message }) => void report({ type: "error", message }));
if (stores.includes("indexeddb")) await reporting(() => runAppender("indexeddb"));
