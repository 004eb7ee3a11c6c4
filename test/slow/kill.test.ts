/**
 * A real process on real files, killed with SIGKILL at any moment, again and again on one log. It
 * reports what was acknowledged through a pipe: all of it has to be there, byte for byte.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { openLog } from "../../src/index.ts";

const rounds = Number(process.env.KILL_ROUNDS ?? 40);
const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);

/** Runs the appender until it has acknowledged some records and a little longer, and kills it. */
async function killed(folder: string, colour: string, childSeed: number, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [
    join(import.meta.dirname, "appender.mjs"),
    folder,
    `${childSeed}`,
    colour,
  ]);
  let output = "";
  let errors = "";
  child.stderr.on("data", (text) => (errors += text));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text) => {
      output += text;
      if (output.split("\n").length > lines) child.kill("SIGKILL");
    });
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve();
      else reject(new Error(`the appender ended with ${code ?? signal}: ${errors}`));
    });
  });
  // The last line may be cut in two by the kill.
  return output.split("\n").slice(0, -1);
}

test.each(["waiting", "blocking"])(
  `keeps every acknowledged record through ${rounds} kills (%s calls, seed ${seed})`,
  async (colour) => {
    const folder = mkdtempSync(join(tmpdir(), "walkabout-kill-"));
    const acknowledged = new Map<number, string>();
    let first = 0;
    for (let round = 0; round < rounds; round++) {
      const lines = await killed(folder, colour, seed + round, 5 + ((seed + round * 7919) % 400));
      for (const line of lines) {
        const [word, offset, text] = line.split(" ");
        if (word === "ack") acknowledged.set(Number(offset), text!);
        else first = Math.max(first, Number(offset));
      }
      const log = await openLog({ storage: nodeStorage(folder), topic: "killed" });
      expect(log.first).toBeGreaterThanOrEqual(first);
      const found = new Map<number, string>();
      let next = log.first;
      for await (const record of log.read()) {
        expect(record.offset).toBe(next++);
        found.set(record.offset, new TextDecoder().decode(record.value));
      }
      expect(next).toBe(log.next);
      for (const [offset, text] of acknowledged) {
        if (offset < log.first) acknowledged.delete(offset);
        else expect(found.get(offset), `offset ${offset} in round ${round}`).toBe(text);
      }
      await log.close();
    }
    expect(acknowledged.size).toBeGreaterThan(0);
    rmSync(folder, { recursive: true });
  },
);
