/**
 * Every cell of the table in src/engine/verdict.ts. The evidence is generated, all combinations of a file of
 * five places; what is expected is written as sentences of FORMAT.md, "What vouches for what", each of
 * which looks at the bytes one by one instead of comparing ends.
 */
import { describe, expect, test } from "vitest";
import { type Evidence, judge, type Verdict } from "../../src/engine/verdict.ts";

const places = [0, 1, 2, 3, 4];
const rests: Evidence["rest"][] = ["nothing", "zeros", "damaged"];

function* everyFile(): Generator<Evidence> {
  for (const fileEnd of places) {
    for (const validEnd of places.filter((end) => end <= fileEnd)) {
      for (const rest of rests.filter((each) => (each === "nothing") === (validEnd === fileEnd))) {
        for (const vouchedEnd of places) {
          for (const linkedEnd of [undefined, ...places]) {
            yield { present: true, readable: true, fileEnd, validEnd, rest, vouchedEnd, linkedEnd };
          }
        }
      }
    }
  }
}

/** Read from FORMAT.md: is there a byte such that … */
function expected({ fileEnd, validEnd, rest, vouchedEnd, linkedEnd }: Evidence): Verdict {
  const bytes = places.slice(0, -1);
  const isValid = (byte: number): boolean => byte < validEnd;
  const isVouchedFor = (byte: number): boolean =>
    byte < vouchedEnd || (linkedEnd !== undefined && byte < linkedEnd);
  if (bytes.some((byte) => isVouchedFor(byte) && !isValid(byte))) return "corrupt";
  if (linkedEnd !== undefined) {
    return bytes.some((byte) => byte < fileEnd && byte >= linkedEnd) ? "superseded" : "sound";
  }
  return rest === "damaged" ? "torn" : "sound";
}

const evidences = [...everyFile()];

describe("the verdict", () => {
  test("is what FORMAT.md says, for every file there can be", () => {
    const wrong = evidences.filter((each) => judge(each) !== expected(each));
    expect(wrong).toEqual([]);
    expect(evidences).toHaveLength(750);
    expect(new Set(evidences.map(judge))).toEqual(new Set(["sound", "torn", "superseded", "corrupt"]));
  });

  test("of a file that is not there is missing, whatever else is said about it", () => {
    for (const evidence of evidences) {
      for (const readable of [true, false])
        expect(judge({ ...evidence, present: false, readable })).toBe("missing");
    }
  });

  // rocksdb#6288: a read error that is taken for damage, or for the end of the log, cuts good data.
  test("of a file that cannot be read is error, whatever else is said about it", () => {
    for (const evidence of evidences) expect(judge({ ...evidence, readable: false })).toBe("error");
  });

  test("does not change when zeros are appended to a file with nothing behind its end", () => {
    for (const evidence of evidences) {
      if (evidence.linkedEnd !== undefined || evidence.rest === "damaged") continue;
      const longer = { ...evidence, rest: "zeros" as const, fileEnd: evidence.fileEnd + 1 };
      expect(judge(longer)).toBe(judge(evidence));
    }
  });

  // The order of severity: more that vouches never makes a log look better.
  test("never gets better when more is vouched for", () => {
    for (const evidence of evidences.filter((each) => judge(each) === "corrupt")) {
      for (const vouchedEnd of places.filter((end) => end > evidence.vouchedEnd)) {
        expect(judge({ ...evidence, vouchedEnd })).toBe("corrupt");
      }
    }
  });

  test.each<[Verdict, string, Partial<Evidence>]>([
    ["sound", "valid to the end of the file", { validEnd: 400, fileEnd: 400, rest: "nothing" }],
    ["sound", "valid up to zeros", { validEnd: 400, fileEnd: 900, rest: "zeros" }],
    ["sound", "vouched for to its very end", { validEnd: 400, vouchedEnd: 400 }],
    ["torn", "bad bytes that nothing vouches for", { validEnd: 400, rest: "damaged", vouchedEnd: 400 }],
    ["corrupt", "one byte vouched for and not valid", { validEnd: 400, vouchedEnd: 401 }],
    ["corrupt", "cut short of what was flushed", { validEnd: 400, rest: "nothing", vouchedEnd: 408 }],
    ["corrupt", "zeros where records were flushed", { validEnd: 400, rest: "zeros", vouchedEnd: 408 }],
    ["corrupt", "not valid up to its link", { validEnd: 400, linkedEnd: 408 }],
    ["superseded", "bytes behind its link, good or bad", { validEnd: 400, fileEnd: 900, linkedEnd: 400 }],
    ["sound", "exactly as long as its link says", { validEnd: 400, fileEnd: 400, linkedEnd: 400 }],
    ["missing", "not there", { present: false }],
    ["error", "not to be read", { readable: false, vouchedEnd: 900 }],
  ])("is %s for a segment that is %s", (verdict, _, part) => {
    const whole: Evidence = {
      present: true,
      readable: true,
      validEnd: 400,
      rest: "nothing",
      fileEnd: 400,
      vouchedEnd: 0,
      linkedEnd: undefined,
    };
    expect(judge({ ...whole, ...part })).toBe(verdict);
  });
});
