/** The published suites catch adapters that are wrong, each by the check that names the mistake. */
import { expect, test } from "vitest";
import { type Backend, logChecks, storageChecks, testLog, testStorage } from "../../src/conformance/index.ts";
import { outcomeOf } from "./collecting.ts";
import {
  defersTheReserve,
  forgetsNames,
  keepsTheArray,
  looksBeforeItLocks,
  mixesColours,
  readsShort,
} from "./wrong-adapters.ts";

const wrong: { name: string; adapter: () => Backend; caughtBy: string; says: string }[] = [
  {
    name: "answers some reads at once and others with a promise",
    adapter: mixesColours,
    caughtBy: "every method answers at once always, or with a promise always, whatever it has to do",
    says: "StoredFile.read answered with a promise",
  },
  {
    name: "reads one page a call",
    adapter: readsShort,
    caughtBy: "writes and reads of any length are done whole, in one call",
    says: "bytes was 65536, not 65537",
  },
  {
    name: "looks whether a place is locked before it locks it",
    adapter: looksBeforeItLocks,
    caughtBy: "of several who open a place for writing at the same moment, one gets it",
    says: "of 4 openers, the number who got the lock was 4, not 1",
  },
  {
    name: "flushes a file without its name",
    adapter: forgetsNames,
    caughtBy:
      "after a loss of power, a new file that was flushed once is there with its name and all its bytes",
    says: "was flushed, and is not there after a loss of power",
  },
  {
    name: "keeps the array that it was given to write",
    adapter: keepsTheArray,
    caughtBy: "the array that was written may be changed as soon as the answer is there",
    says: "the file after the flush had the byte 255 at position 0",
  },
  {
    name: "runs what is to be done in its reserve later",
    adapter: defersTheReserve,
    caughtBy: "work in a place's reserve is run once and to its end, or not at all",
    says: "what it answered was true, not false",
  },
];

test.each(wrong)("an adapter that $name is caught", async ({ adapter, caughtBy, says }) => {
  const { failed, passed } = await outcomeOf(testStorage, adapter());
  expect([...failed.keys()]).toContain(caughtBy);
  expect(failed.get(caughtBy)).toContain(says);
  expect(failed.get(caughtBy)).toContain("src/storage.ts");
  // It is wrong in one thing, and most checks are about others.
  expect(passed.length).toBeGreaterThan(storageChecks.length / 2);
});

test("a log on an adapter that loses names loses what was acknowledged, and is told so", async () => {
  const { failed } = await outcomeOf(testLog, forgetsNames());
  expect(failed.get("after a loss of power, the first record of a new log is there")).toContain(
    "After a crash, everything acknowledged is there.",
  );
});

test("what a backend cannot do is left out by name, with the reason, and nothing else is", async () => {
  const reason = "there is no such thing here";
  const options = { ...mixesColours(), losePower: reason, again: reason };
  const { failed, leftOut, passed } = await outcomeOf(testStorage, options);
  expect(failed.size + leftOut.length + passed.length).toBe(storageChecks.length);
  const named = leftOut.map((each) => /^left out: (.*) \(/.exec(each)![1]!);
  expect(named.every((each) => storageChecks.includes(each))).toBe(true);
  expect(leftOut.filter((each) => each.endsWith(`(${reason})`)).length).toBe(
    storageChecks.filter((each) => /loss(es)? of power|another storage over|several storages over/.test(each))
      .length,
  );
});

test("checks can be left out by name, and a name that there is not is refused", async () => {
  const [first] = logChecks;
  const { leftOut } = await outcomeOf(testLog, { ...readsShort(), leaveOut: { [first!]: "because" } });
  expect(leftOut).toContain(`left out: ${first} (because)`);
  await expect(outcomeOf(testLog, { ...readsShort(), leaveOut: { none: "because" } })).rejects.toThrow(
    "leaveOut names checks that there are not: none",
  );
});

test.each(["again", "readBeside", "holdElsewhere", "losePower"] as const)(
  "an option %s that is missing is refused, so that nothing is left out in silence",
  async (need) => {
    const options = { ...readsShort(), [need]: undefined } as unknown as Backend;
    await expect(outcomeOf(testStorage, options)).rejects.toThrow(`${need} must be`);
  },
);

test("a check that passes by `test` alone says in its name that it was left out", () => {
  const names: string[] = [];
  testStorage({ ...readsShort(), readBeside: "no", test: (name) => names.push(name) });
  expect(names.filter((name) => name.startsWith("left out: ") && name.endsWith(" (no)"))).toHaveLength(4);
});
