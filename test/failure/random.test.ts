/**
 * Random verbs, random faults and random crashes, hundreds of them: what was acknowledged is there, what
 * was refused is not, and a refused verb can be tried again. Each run has a new seed, printed with the
 * shortest failing list when it fails. FAULT_RUNS, FAULT_SEED and FAULT_PATH are as in model.test.ts.
 */
import * as fc from "fast-check";
import { describe, test } from "vitest";
import { models } from "../support/machine.ts";
import { commands } from "./random-commands.ts";
import { RandomRun } from "./random-run.ts";

const { FAULT_RUNS, FAULT_SEED, FAULT_PATH } = process.env;
const runs = FAULT_RUNS === undefined ? 300 : Number(FAULT_RUNS);

describe.each(models)("a log with a failing disk ($name)", (model) => {
  test("holds what it acknowledged and nothing that it refused", { timeout: 3_600_000 }, async () => {
    const property = fc.asyncProperty(commands, async (list) => {
      const foreseen = model.inMemory ? list : list.map(withoutPower);
      const machine = model.build();
      await new RandomRun(machine).all(foreseen);
      await machine.finish();
    });
    await fc.assert(property, {
      numRuns: model.inMemory ? runs : Math.ceil(runs / 60),
      timeout: 10_000,
      ...(FAULT_SEED !== undefined && { seed: Number(FAULT_SEED) }),
      ...(FAULT_PATH !== undefined && { path: FAULT_PATH }),
    });
  });
});

/** Real files can lose their process here, not their power. */
function withoutPower<T extends { crash: unknown }>(command: T): T {
  return command.crash === "no" ? command : { ...command, crash: "process" };
}
