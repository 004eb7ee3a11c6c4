/**
 * Accidents at the operations of this browser's storage: the program dies before one of them, or one fails, once or for
 * good. Each is tried on a log of its own. The address has the seed, and how many are tried of all that there are.
 */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import workerUrl from "../../../adapters/browser/worker.ts?worker&url";
import { indexedDbStorage } from "../../../adapters/indexeddb/storage.ts";
import { opfsStorage } from "../../../adapters/opfs/storage.ts";
import type { Place, Storage } from "../../../src/index.ts";
import { Random } from "../../sim/random.ts";
import { workloads } from "../../sim/workloads.ts";
import { type Accident, LifeInBrowser, type Subject } from "./life-in-browser.ts";
import { abortTransactions, type Hook, interpose, listen } from "./platform.ts";
import { describe, parameter } from "./report.ts";
import type { Runner } from "./runner.ts";

const names = [
  "appends, batches and rotations",
  "truncation at both ends",
  "everything truncated",
  "closing and opening again",
  "a recycled file",
];
/** How many of them one search is about. */
const workloadsMax = 2;
const errors = ["QuotaExceededError", "InvalidStateError", "UnknownError", "NotReadableError"];

/** Accidents on handles or on databases, before each call of the browser's own. */
export function platformSearch(store: "opfs" | "indexeddb"): (runner: Runner) => void {
  return (runner) => {
    interpose();
    for (const kind of ["crash", "fails once", "fails for good"] as const) {
      search(runner, kind, () => onPlatform(store, `search-${crypto.randomUUID()}`));
    }
  };
}

/** The worker of a page dies before it hears of a message. */
export function workerSearch(runner: Runner): void {
  search(runner, "crash", () => inWorker(`search-${crypto.randomUUID()}`));
}

/** Rejections that nobody handles, which a page would be told of for nothing. */
const unhandled: unknown[] = [];
globalThis.addEventListener("unhandledrejection", ({ reason }) => unhandled.push(reason));

function search(runner: Runner, kind: Accident["kind"], make: () => Subject): void {
  const runs = Number(parameter("runs"));
  runner.test(`an operation ${kind === "crash" ? "is the last" : kind}`, async () => {
    const random = new Random(Number(parameter("seed")));
    const all = await accidents(random, kind, make);
    for (const { name, accident } of [...random.shuffled(all)].slice(0, runs)) {
      const life = new LifeInBrowser(make(), accident);
      try {
        await life.all(workloads[name]!);
        if (life.met === undefined) throw new Error("there was no such operation");
        if (unhandled.length > 0) throw new Error(`nobody handles ${describe(unhandled.splice(0)[0])}`);
      } catch (error) {
        const what = `${name}: ${kind} at operation ${accident.after}, ${life.met} (${accident.error})`;
        throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
      }
    }
    return `${kind}: ${Math.min(runs, all.length)} of ${all.length}`;
  });
}

/** All that can happen to some workloads. To try one without an accident takes a while in some browsers. */
async function accidents(
  random: Random,
  kind: Accident["kind"],
  make: () => Subject,
): Promise<{ name: string; accident: Accident }[]> {
  const all: { name: string; accident: Accident }[] = [];
  for (const name of [...random.shuffled(names)].slice(0, workloadsMax)) {
    const count = await operationsOf(name, make);
    for (let after = 0; after < count; after++) {
      const error = random.chance(0.5) ? "partly" : random.pick(errors);
      all.push({ name, accident: { after, kind, error } });
    }
  }
  return all;
}

const counted = new Map<string, number>();

/** How many operations a workload takes. */
async function operationsOf(name: string, make: () => Subject): Promise<number> {
  const known = counted.get(name);
  if (known !== undefined) return known;
  const life = new LifeInBrowser(make());
  await life.all(workloads[name]!);
  counted.set(name, life.operations);
  return life.operations;
}

function onPlatform(store: "opfs" | "indexeddb", name: string): Subject {
  const places: Place[] = [];
  const inner = (): Storage =>
    store === "opfs" ? opfsStorage({ directory: name, settleMs: 0 }) : indexedDbStorage({ database: name });
  return {
    open: () => kept(inner(), places),
    listen,
    async drop() {
      listen(undefined);
      abortTransactions();
      for (const place of places.splice(0)) await place.close();
    },
  };
}

function inWorker(name: string): Subject {
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

/** Keeps the places that are open for writing. */
function kept(inner: Storage, places: Place[]): Storage {
  return {
    ...inner,
    async open(path, options) {
      const place = await inner.open(path, options);
      if (place !== undefined && options.mode === "write") places.push(place);
      return place;
    },
  };
}
