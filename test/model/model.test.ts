/**
 * Random runs against a plain array. Each run has a new seed, which is printed when it fails together with
 * the shortest list of commands that still fails. For a long search set MODEL_RUNS, and to repeat a failure
 * MODEL_SEED and MODEL_PATH, to what was printed.
 */
import * as fc from "fast-check";
import { describe, test } from "vitest";
import { type Model, models } from "../support/machine.ts";
import { commandsFor, settings } from "./commands.ts";
import { Run } from "./run.ts";

const { MODEL_RUNS, MODEL_SEED, MODEL_PATH } = process.env;

/** Real files take a hundred times as long. */
function parameters(model: Model): fc.Parameters<unknown> {
  const runs = MODEL_RUNS === undefined ? 250 : Number(MODEL_RUNS);
  return {
    // A promise that is never settled would stop the search without a word.
    timeout: 10_000,
    numRuns: model.inMemory ? runs : Math.ceil(runs / 50),
    ...(MODEL_SEED !== undefined && { seed: Number(MODEL_SEED) }),
    ...(MODEL_PATH !== undefined && { path: MODEL_PATH }),
  };
}

describe.each(models)("a log and an array ($name)", (model) => {
  const crashes = model.inMemory ? (["lose power", "die"] as const) : (["die"] as const);

  test("are the same after any list of commands", { timeout: 3_600_000 }, async () => {
    const property = fc.asyncProperty(settings, commandsFor(crashes), async (chosen, commands) => {
      const machine = model.build();
      await new Run(machine, chosen).all(commands);
      await machine.finish();
    });
    await fc.assert(property, parameters(model));
  });
});
