/**
 * A crash at every operation, as described in crash-everywhere.ts. SIM_SEED names another seed than a fresh
 * one, and with SIM_LONG=1 chance is tried ten times as often.
 */
import { describe, expect, test } from "vitest";
import { crashEverywhere, type Crashes } from "./crash-everywhere.ts";
import { workload, workloads } from "./workloads.ts";
import type { Manner } from "./world.ts";

const { SIM_SEED, SIM_LONG } = process.env;
const seed = SIM_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SIM_SEED);
const rounds = SIM_LONG === undefined ? 1 : 10;
const everyWay = ["nothing", "all", "sectors"] as const;

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
      const isThorough = plan.manner.colour === "sync" || SIM_LONG !== undefined;
      const again = isThorough ? everyWay : (["sectors"] as const);
      await crashEverywhere(plan, { seed, rounds, again }, count);
      expect(count.crashes).toBeGreaterThan(50);
      expect(count.recoveries).toBeGreaterThan(count.crashes);
    });
  },
);
