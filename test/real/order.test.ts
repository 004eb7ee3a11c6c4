/**
 * The order of the real system calls of a running log, as strace sees them: for each acknowledgement, the
 * bytes were written before, then the file was flushed, and where its name was new, or a spare file's until
 * then, the folder behind that. Only then the process says "ack".
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleWriter, type Mistake, type WriterBundle } from "./bundle.ts";
import { type Call, isNaming, traceWriter, whyNoTrace } from "./trace.ts";

const seed = Number(process.env.ORDER_SEED ?? Date.now() % 1_000_000);
const whyNot = whyNoTrace();
const reason = whyNot === undefined ? "" : ` (skipped: ${whyNot})`;

let sound: WriterBundle;
beforeAll(async () => {
  sound = await bundleWriter();
});
afterAll(() => sound.remove());

interface Ordered {
  acks: number;
  /** Acknowledged first in a file that was new, or made of a spare one. */
  created: number;
  recycled: number;
  /** What was said too early. */
  lies: string[];
}

async function ordered(script: string, blocking: boolean): Promise<Ordered> {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-order-"));
  try {
    const options = { seed, blocking, mode: "retention" as const, turns: 400 };
    const { calls, writer } = await traceWriter(script, folder, options);
    expect(writer.errors).toBe("");
    return judge(calls, join(folder, "real", "0"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function judge(calls: readonly Call[], folder: string): Ordered {
  const outcome: Ordered = { acks: 0, created: 0, recycled: 0, lies: [] };
  const succeeded = calls.filter(({ result }) => result >= 0);
  const namesSeen = new Set<Call>();
  for (const ack of succeeded) {
    const [, offset, segment, at] = /^write\(1<.*"ack (\d+) \S+ (\d\S+) (\d+)\\n"/.exec(ack.text) ?? [];
    if (segment === undefined) continue;
    outcome.acks++;
    const path = join(folder, segment);
    const lie = (what: string): void => void outcome.lies.push(`offset ${offset} in ${segment}: ${what}`);
    const write = succeeded.findLast(
      (call) => isBefore(call, ack) && call.path === path && covers(call, Number(at)),
    );
    if (write === undefined) {
      lie("nothing was written");
      continue;
    }
    const flush = flushBetween(succeeded, "fdatasync", path, write.end, ack.begin);
    if (flush === undefined) lie("the file was not flushed behind the write");
    const naming = succeeded.findLast(
      (call) => isBefore(call, write) && call.path === path && isNaming(call),
    )!;
    const folderFlush = flushBetween(succeeded, "fsync", dirname(path), naming.end, ack.begin);
    if (folderFlush === undefined) lie(`the folder was not flushed behind ${naming.name}`);
    else if (flushBetween(succeeded, "fdatasync", path, naming.end, folderFlush.begin) === undefined) {
      lie("the folder was flushed, and the file not before it");
    }
    if (namesSeen.has(naming)) continue;
    namesSeen.add(naming);
    if (naming.name === "rename") outcome.recycled++;
    else outcome.created++;
  }
  return outcome;
}

function isBefore(call: Call, other: Call): boolean {
  return call.end < other.begin;
}

function covers({ name, text, result }: Call, position: number): boolean {
  if (name !== "pwrite64") return false;
  const begin = Number(/, (\d+) *\) += /.exec(text)![1]);
  return begin <= position && position < begin + result;
}

function flushBetween(
  calls: readonly Call[],
  name: string,
  path: string,
  after: number,
  before: number,
): Call | undefined {
  return calls.find(
    (call) => call.name === name && call.path === path && call.begin > after && call.end < before,
  );
}

test.runIf(whyNot === undefined).each([false, true])(
  `writes, flushes the file, flushes the folder, and only then acknowledges (blocking: %s, ORDER_SEED=${seed})${reason}`,
  async (blocking) => {
    const { acks, created, recycled, lies } = await ordered(sound.script, blocking);
    expect(lies).toEqual([]);
    // Of all three kinds there was something to see.
    expect(acks).toBeGreaterThan(100);
    expect(created).toBeGreaterThan(1);
    expect(recycled).toBeGreaterThan(1);
  },
);

const mistakes: readonly Mistake[] = ["no file flush", "no folder flush"];
test.runIf(whyNot === undefined).each(mistakes)(`sees this mistake: %s${reason}`, async (mistake) => {
  const wrong = await bundleWriter(mistake);
  try {
    const { lies } = await ordered(wrong.script, false);
    const said = mistake === "no file flush" ? "the file was not flushed" : "the folder was not flushed";
    expect(lies.join("\n")).toContain(said);
  } finally {
    wrong.remove();
  }
});
