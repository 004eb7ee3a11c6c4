import { afterEach, expect, test, vi } from "vitest";
import { Tally } from "./tally.mjs";

const printed: string[] = [];

afterEach(() => {
  vi.restoreAllMocks();
  printed.length = 0;
});

/** A step's tally, as it reaches the whole: what failed in it has to be told once more at the end. */
async function stepWithOneFailure(reason: string): Promise<Tally> {
  vi.spyOn(console, "log").mockImplementation((line: string) => printed.push(line));
  const step = new Tally();
  await step.check("adds up", () => undefined);
  await step.check("is green", () => Promise.reject(new Error(reason)));
  const whole = new Tally();
  whole.add(JSON.parse(JSON.stringify(step)));
  printed.length = 0;
  return whole;
}

test("tells what failed once more, by name and reason", async () => {
  const whole = await stepWithOneFailure("expected green, got red");
  expect([whole.passed, whole.failed]).toEqual([1, 1]);
  whole.printFailures();
  expect(printed[0]).toMatch(/FAIL {2}is green/);
  expect(printed[1]?.trim()).toBe("expected green, got red");
  expect(printed).toHaveLength(2);
});

test("cuts a long reason, and says so", async () => {
  const whole = await stepWithOneFailure(Array.from({ length: 40 }, (_, line) => `line ${line}`).join("\n"));
  whole.printFailures();
  const lines = printed[1]?.split("\n") ?? [];
  expect(lines.at(-2)?.trim()).toBe("line 11");
  expect(lines.at(-1)?.trim()).toBe("(28 more lines above)");
});
