/**
 * Errors of the system under a running log: strace makes calls of the real Node backend fail. What was
 * acknowledged stays, what was rejected was appended again by its caller, and a file that failed is not
 * touched any more.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { openLog } from "../../src/index.ts";
import { bundleWriter, type WriterBundle } from "./bundle.ts";
import { History } from "./history.ts";
import { type Call, isNaming, traceWriter, whyNoTrace } from "./trace.ts";

const seed = Number(process.env.INJECTED_SEED ?? Date.now() % 1_000_000);
const whyNot = whyNoTrace();
const reason = whyNot === undefined ? "" : ` (skipped: ${whyNot})`;

let bundle: WriterBundle;
beforeAll(async () => {
  bundle = await bundleWriter();
});
afterAll(() => bundle.remove());

/**
 * A short write cannot be made this way: the runtime writes the rest, and what strace answered for was never
 * written. A full disk makes real ones, see full.test.ts.
 *
 * Which calls fail, counted by thread: there is one for what waits, and the first one for what does not.
 */
const injections = [
  { what: "flushes that fail", inject: "fdatasync:error=EIO:when=4+6" },
  { what: "flushes of a full disk", inject: "fdatasync:error=ENOSPC:when=3+9" },
  { what: "flushes of the folder that fail", inject: "fsync:error=EIO:when=7+4" },
  { what: "writes that fail", inject: "pwrite64:error=EIO:when=5+7" },
  { what: "writes to a full disk", inject: "pwrite64:error=ENOSPC:when=4+9" },
  { what: "spare files that cannot be renamed", inject: "rename:error=EIO:when=2+3" },
];
const matrix = [false, true].flatMap((blocking) => injections.map((each) => ({ ...each, blocking })));

test.runIf(whyNot === undefined).each(matrix)(
  `loses nothing through $what (blocking: $blocking, INJECTED_SEED=${seed})${reason}`,
  async ({ inject, blocking }) => {
    const folder = mkdtempSync(join(tmpdir(), "walkabout-injected-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const options = { seed, blocking, mode: "retention" as const, turns: 300, inject };
    const { calls, writer } = await traceWriter(bundle.script, folder, {
      ...options,
      env: { UV_THREADPOOL_SIZE: "1" },
    });
    expect(writer.errors).toBe("");
    expect(writer.lines.at(-1)).toBe("closed");
    const injected = calls.filter(({ isInjected }) => isInjected);
    expect(injected.length, "calls that were made to fail").toBeGreaterThan(2);
    expect(touchedAgain(calls, blocking), "what was done to a file that had failed").toEqual([]);

    const history = new History({ drops: true });
    history.add(writer.lines);
    expect(history.acks).toBeGreaterThan(100);
    // A spare file that is in the way costs one attempt to begin a segment, or none that anybody waits for.
    if (!inject.startsWith("rename")) expect(history.failures).toBeGreaterThan(0);
    const log = await openLog({ storage: nodeStorage(folder), topic: "real" });
    await history.check(log, "when it was opened again");
    // Closing may have failed as well, and what stood in the file in its earlier life may follow the last record.
    const hasClosed = !writer.lines.at(-2)!.startsWith("failed ");
    if (hasClosed) expect(log.recovery.verdict).toBe("clean");
    await log.close();
  },
);

/**
 * What was done to a file that had failed, after the process had told of the failure. Flushes that wait for a
 * thread may have been asked for before.
 */
function touchedAgain(calls: readonly Call[], blocking: boolean): string[] {
  const touching = new Set(["pwrite64", "ftruncate", ...(blocking ? ["fdatasync"] : [])]);
  const failing = new Set<string>();
  const failed = new Set<string>();
  const touched: string[] = [];
  for (const call of calls) {
    const { name, path, text } = call;
    if (isNaming(call)) {
      failing.delete(path);
      failed.delete(path);
    }
    if (/^write\(1<.*"failed /.test(text)) for (const each of failing) failed.add(each);
    if (touching.has(name) && failed.has(path)) touched.push(`${name} ${path}`);
    if (call.isInjected && path.endsWith(".wal")) failing.add(path);
  }
  return touched;
}
