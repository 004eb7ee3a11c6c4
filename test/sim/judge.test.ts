/** The judge itself: what it must allow, and what it must not. */
import { describe, expect, test } from "vitest";
import { type Circumstance, Judge, type State, type Status } from "./judge.ts";

const state = (...lines: string[]): State => ({ first: 0, lines });
const allows = (judge: Judge, found: State, circumstance: Circumstance, durable = 0): boolean => {
  try {
    judge.clone().confirm(found, circumstance, durable);
    return true;
  } catch {
    return false;
  }
};

/** A log that holds `a`, and is asked for more. */
function asked(...steps: [status: Status, lines: string[], tries?: number][]): Judge {
  const judge = new Judge(false, state("a"));
  for (const [status, lines, tries = 0] of steps) judge.ask({ kind: "append", lines }, tries, status);
  judge.failures = Math.max(0, ...steps.map(([, , tries = 0]) => tries));
  return judge;
}

describe("the judge", () => {
  test.each<[string, Judge, State, Circumstance, boolean]>([
    ["what is acknowledged and there", asked(["acked", ["b"]]), state("a", "b"), "power lost", true],
    ["what is acknowledged and gone", asked(["acked", ["b"]]), state("a"), "power lost", false],
    ["what was there before, and is gone", asked(), state(), "power lost", false],
    ["another record in its place", asked(["acked", ["b"]]), state("a", "c"), "power lost", false],
    ["what nobody asked for", asked(), state("a", "b"), "power lost", false],
    ["what is on its way, and there", asked(["asked", ["b"]]), state("a", "b"), "power lost", true],
    ["what is on its way, and not there", asked(["asked", ["b"]]), state("a"), "power lost", true],
    ["a hole", asked(["asked", ["b"]], ["asked", ["c"]]), state("a", "c"), "power lost", false],
    ["what overtakes", asked(["asked", ["b"]], ["acked", ["c"]]), state("a", "c"), "power lost", false],
    ["half of a batch", asked(["asked", ["b", "c"]]), state("a", "b"), "power lost", false],
    ["what was rejected, alive", asked(["rejected", ["b"]]), state("a", "b"), "alive", false],
    ["what was rejected, after a crash", asked(["rejected", ["b"]]), state("a", "b"), "power lost", true],
    [
      "what was rejected before a success",
      asked(["rejected", ["b"]], ["acked", ["c"], 1]),
      state("a", "b", "c"),
      "power lost",
      false,
    ],
    [
      "a success behind what was rejected",
      asked(["rejected", ["b"]], ["acked", ["c"], 1]),
      state("a", "c"),
      "power lost",
      true,
    ],
    ["what was only written, without power", asked(["written", ["b"]]), state("a"), "power lost", true],
    [
      "what was only written, without its process",
      asked(["written", ["b"]]),
      state("a"),
      "process died",
      false,
    ],
    [
      "what a producer sent twice, twice",
      asked(["acked", ["~p"]], ["acked", ["~p"]]),
      state("a", "~p", "~p"),
      "alive",
      false,
    ],
    [
      "what a producer sent twice, once",
      asked(["acked", ["~p"]], ["acked", ["~p"]]),
      state("a", "~p"),
      "alive",
      true,
    ],
  ])("knows %s", (_, judge, found, circumstance, isAllowed) => {
    expect(allows(judge, found, circumstance)).toBe(isAllowed);
  });

  test("does not let what was truncated come back", () => {
    const judge = asked(["rejected", ["b"]]);
    judge.ask({ kind: "after", to: 0 }, 1, "acked");
    expect(allows(judge, state("a", "b"), "power lost")).toBe(false);
    expect(allows(judge, state("a"), "power lost")).toBe(true);
    expect(allows(asked(), { first: 1, lines: ["a"] }, "alive")).toBe(false);
  });

  test("does not hold what came behind it against what may never have been tried", () => {
    const judge = asked(["unsure", ["b"]], ["rejected", ["c"]]);
    judge.failures = 1;
    judge.confirm(state("a"), "alive");
    expect(allows(judge, state("a", "c"), "power lost")).toBe(true);
    expect(allows(judge, state("a", "b", "c"), "power lost")).toBe(true);
    expect(allows(judge, state("a", "b"), "alive")).toBe(false);
  });

  test("does not decide what a record was that nobody can read any more", () => {
    const judge = new Judge(true, state("a"));
    judge.ask({ kind: "append", lines: ["b"] }, 0, "rejected");
    judge.ask({ kind: "append", lines: ["~p"] }, 1, "asked");
    judge.confirm({ first: 2, lines: ["a", "b"] }, "power lost");
    judge.ask({ kind: "append", lines: ["~p"] }, 0, "acked");
    expect(allows(judge, { first: 2, lines: ["a", "~p"] }, "alive")).toBe(true);
    expect(allows(judge, { first: 2, lines: ["a", "b", "~p"] }, "alive")).toBe(true);
    expect(allows(judge, { first: 2, lines: ["a", "b", "~p", "~p"] }, "alive")).toBe(false);
  });

  test("holds the log to what it showed its readers, and to what it said was durable", () => {
    const judge = asked(["asked", ["b"]]);
    expect(allows(judge, state("a"), "power lost", 2)).toBe(false);
    judge.witness(1, "b");
    expect(allows(judge, state("a"), "power lost")).toBe(false);
    expect(allows(judge, state("a", "b"), "power lost")).toBe(true);
  });
});
