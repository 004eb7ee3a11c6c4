/** Errors at every operation, as described in errors-everywhere.ts; of every workload with SIM_LONG=1. */
import { describe, expect, test } from "vitest";
import { errorsEverywhere } from "./errors-everywhere.ts";
import { workload, workloads } from "./workloads.ts";
import { plain } from "./world.ts";

const some = ["appends, batches and rotations", "truncation at both ends"];
const names = process.env.SIM_LONG === undefined ? some : Object.keys(workloads);

describe("an error at any operation in the course of", () => {
  test.each(names)("%s", { timeout: 600_000 }, async (name) => {
    const count = { runs: 0, failed: 0 };
    await errorsEverywhere(workload(workloads[name]!, plain), count);
    expect(count.runs).toBeGreaterThan(1000);
    expect(count.failed).toBeGreaterThan(500);
  });
});
