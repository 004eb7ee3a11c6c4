/**
 * A crash at every operation, as described in crash-everywhere.ts. SIM_SEED names another seed than a fresh
 * one, and SIM_ROUNDS how often chance is tried.
 */
import { describe, expect, test } from "vitest";
import { crashEverywhere, type Crashes } from "./crash-everywhere.ts";
import { workload, workloads } from "./workloads.ts";
import type { Manner } from "./world.ts";

const { SIM_SEED, SIM_ROUNDS } = process.env;
const seed = SIM_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SIM_SEED);
const rounds = SIM_ROUNDS === undefined ? 1 : Number(SIM_ROUNDS);

const manners: Record<string, Manner> = {
  "answering at once": { colour: "sync", flushesAtOnce: 1, sectorBytes: 64, turnsMax: 0 },
  "overlapping flushes": { colour: "async", flushesAtOnce: 3, sectorBytes: 64, turnsMax: 3 },
};

describe.each(Object.keys(manners))(
  `a crash at any operation (%s, seed ${seed}) in the course of`,
  (manner) => {
    test.each(Object.keys(workloads))("%s", { timeout: 600_000 }, async (name) => {
      const count: Crashes = { crashes: 0, recoveries: 0 };
      const plan = workload(workloads[name]!, manners[manner]);
      await crashEverywhere(plan, { seed, rounds, again: ["nothing", "all", "sectors"] }, count);
      expect(count.crashes).toBeGreaterThan(50);
      console.log(`${count.crashes} crashes, ${count.recoveries} recoveries`);
    });
  },
);
