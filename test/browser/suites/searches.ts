/** The searches on the storages of this browser. The address has the seed, and how many accidents are tried of each kind. */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import workerUrl from "../../../adapters/browser/worker.ts?worker&url";
import { indexedDbStorage } from "../../../adapters/indexeddb/storage.ts";
import { opfsStorage } from "../../../adapters/opfs/storage.ts";
import type { Storage } from "../../../src/index.ts";
import type { Accident, Subject } from "./life-in-browser.ts";
import { type Hook, interpose } from "./platform.ts";
import { parameter } from "./report.ts";
import type { Runner } from "./runner.ts";
import { kinds, onPlatform, search } from "./search.ts";

/** Accidents on handles or on databases, before each call of the browser's own. */
export function platformSearch(store: "opfs" | "indexeddb"): (runner: Runner) => void {
  const open = (name: string): Storage =>
    store === "opfs" ? opfsStorage({ directory: name, settleMs: 0 }) : indexedDbStorage({ database: name });
  return (runner) => {
    interpose();
    for (const kind of kinds) add(runner, kind, () => onPlatform(open));
  };
}

/** The worker of a page dies before it hears of a message. */
export function workerSearch(runner: Runner): void {
  add(runner, "crash", inWorker);
}

function add(runner: Runner, kind: Accident["kind"], make: () => Subject): void {
  const options = { kind, make, seed: Number(parameter("seed")), runs: Number(parameter("runs")) };
  runner.test(`an operation ${kind === "crash" ? "is the last" : kind}`, () => search(options));
}

function inWorker(): Subject {
  const name = `search-${crypto.randomUUID()}`;
  let hook: Hook | undefined;
  const workers: Worker[] = [];
  const started = (): Worker => {
    const worker = new Worker(workerUrl, { type: "module" });
    workers.push(worker);
    const post = worker.postMessage.bind(worker) as (message: unknown, transfer: Transferable[]) => void;
    worker.postMessage = (message: unknown, transfer?: unknown) => {
      try {
        // The first message says hello, and the log need not have heard of it.
        if (Array.isArray(message)) hook?.("Worker.postMessage");
      } catch {
        worker.terminate();
      }
      post(message, (transfer ?? []) as Transferable[]);
    };
    return worker;
  };
  return {
    open: () => browserStorage({ name, worker: started, settleMs: 0 }),
    listen: (next) => void (hook = next),
    async drop() {
      for (const worker of workers.splice(0)) worker.terminate();
    },
  };
}
