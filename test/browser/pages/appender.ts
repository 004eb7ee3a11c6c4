/** Appends to a log in each of the storages that the address names. */
import { runAppender } from "../suites/appender.ts";
import workerUrl from "../suites/appender-worker.ts?worker&url";
import { parameter, reporting } from "../suites/report.ts";

const stores = parameter("stores").split(",");
if (stores.includes("opfs")) new Worker(workerUrl + location.search, { type: "module" });
if (stores.includes("indexeddb")) await reporting(() => runAppender("indexeddb"));
