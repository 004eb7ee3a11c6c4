// @vitest-environment happy-dom
/**
 * The searches for crashes and errors on an IndexedDB in memory, as a quick look before the browsers do them for real
 * (see test/browser). SEED= searches the same again, and RUNS= more.
 */
import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { indexedDbStorage } from "../../adapters/indexeddb/storage.ts";
import { interpose } from "../browser/suites/platform.ts";
import { kinds, onPlatform, search } from "../browser/suites/search.ts";
import { locks } from "./locks.ts";

Object.defineProperty(navigator, "locks", { value: locks });
interpose();

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(process.env.RUNS ?? 15);

const make = () => onPlatform((database) => indexedDbStorage({ database }));

for (const kind of kinds) {
  test(`a log on IndexedDB survives accidents, ${kind} (SEED=${seed})`, { timeout: 600_000 }, async () => {
    expect(await search({ kind, make, seed, runs })).toMatch(/: [1-9]\d* of /);
  });
}
