/** Errors at every operation, as described in errors-everywhere.ts. */
import { describe, expect, test } from "vitest";
import { errorsEverywhere } from "./errors-everywhere.ts";
import { workload, workloads } from "./workloads.ts";
import { plain } from "./world.ts";

const names = ["appends, batches and rotations", "truncation at both ends", "closing and opening again"];

describe("an error at any operation in the course of", () => {
  test.each(names)("%s", { timeout: 600_000 }, async (name) => {
    const count = { runs: 0, failed: 0 };
    await errorsEverywhere(workload(workloads[name]!, plain), count);
    expect(count.runs).toBeGreaterThan(1000);
    console.log(`${count.runs} runs, ${count.failed} operations failed`);
  });
});
