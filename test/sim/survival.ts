/** The ways in which a loss of power may choose among what was not flushed. */
import type { Keeps, SimulatedDisk } from "../../adapters/memory/simulated/disk.ts";
import { Random } from "./random.ts";

export const survivals = ["nothing", "all", "prefix", "reordered", "sectors"] as const;
export type Survival = (typeof survivals)[number];

/**
 * - `nothing` of it survives, or `all`.
 * - `prefix`: what was written up to some moment.
 * - `reordered`: what was written after some moment, and nothing before it.
 * - `sectors`: each sector and each name by itself.
 */
export function keeping(disk: SimulatedDisk, survival: Survival, seed: number): Keeps {
  const random = new Random(seed);
  const cut = random.integer(disk.oldestUnflushed, disk.now);
  if (survival === "nothing") return () => false;
  if (survival === "all") return () => true;
  if (survival === "prefix") return (sequence) => sequence < cut;
  if (survival === "reordered") return (sequence) => sequence >= cut;
  const share = random.pick([0.2, 0.5, 0.8]);
  return () => random.chance(share);
}
