/**
 * Accidents at the operations of a storage: the program dies before one of them, or one fails, once or for good. Each is
 * tried on a log of its own.
 */
import type { Place, Storage } from "../../../src/index.ts";
import { Random } from "../../sim/random.ts";
import { workloads } from "../../sim/workloads.ts";
import { type Accident, LifeInBrowser, type Subject } from "./life-in-browser.ts";
import { abortTransactions, listen } from "./platform.ts";

const names = [
  "appends, batches and rotations",
  "truncation at both ends",
  "everything truncated",
  "closing and opening again",
  "a recycled file",
];
/** How many of them one search is about. */
const workloadsMax = 2;
export const kinds = ["crash", "fails once", "fails for good"] as const;
const errors = ["QuotaExceededError", "InvalidStateError", "UnknownError", "NotReadableError"];

/** Rejections that nobody handles, which a page would be told of for nothing. */
const unhandled: unknown[] = [];
globalThis.addEventListener("unhandledrejection", ({ reason }) => unhandled.push(reason));

export interface SearchOptions {
  readonly kind: Accident["kind"];
  readonly make: () => Subject;
  readonly seed: number;
  /** How many accidents are tried of all that there are. */
  readonly runs: number;
}

/** Throws when one of them is not survived, and answers how many were tried. */
export async function search({ kind, make, seed, runs }: SearchOptions): Promise<string> {
  const random = new Random(seed);
  const all = await accidents(random, kind, make);
  for (const { name, accident } of [...random.shuffled(all)].slice(0, runs)) {
    const life = new LifeInBrowser(make(), accident);
    try {
      await life.all(workloads[name]!);
      if (life.met === undefined) throw new Error("there was no such operation");
      if (unhandled.length > 0) throw new Error(`nobody handles ${String(unhandled.splice(0)[0])}`);
    } catch (error) {
      const what = `${name}: ${kind} at operation ${accident.after}, ${life.met} (${accident.error})`;
      throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
    }
  }
  return `${kind}: ${Math.min(runs, all.length)} of ${all.length}`;
}

/** A storage whose browser is interposed. */
export function onPlatform(open: (name: string) => Storage): Subject {
  const name = `search-${crypto.randomUUID()}`;
  const places: Place[] = [];
  return {
    open: () => kept(open(name), places),
    listen,
    async drop() {
      listen(undefined);
      abortTransactions();
      for (const place of places.splice(0)) await place.close();
    },
  };
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
