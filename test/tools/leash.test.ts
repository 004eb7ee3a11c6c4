import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runOnLeash } from "./leash.mjs";

/** Starts a process that leaves its group, tells its number, and then goes on as `rest` says. */
const leaving = (rest: string): string[] => [
  "--input-type=module",
  "--eval",
  `import { spawn } from "node:child_process";
  const child = spawn("sleep", ["1000"], { detached: true, stdio: ["ignore", "inherit", "inherit"] });
  child.unref();
  child.once("spawn", () => process.send(child.pid, () => { ${rest} }));`,
];

/** A killed process may wait for somebody to hear of its end, and has no command then. */
const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";

const isTold = process.platform === "linux";

test.runIf(isTold)("kills what a program leaves behind it, and does not wait for it", async () => {
  const { code, message, isLate, left } = await runOnLeash(process.execPath, leaving("process.exit(7)"), {
    seconds: 60,
  });
  expect({ code, isLate, left }).toEqual({ code: 7, isLate: false, left: ["sleep 1000"] });
  await expect.poll(() => isAlive(message)).toBe(false);
});

test.runIf(isTold)("kills a program that does not end, with all that it started", async () => {
  const { message, isLate, left } = await runOnLeash(
    process.execPath,
    leaving("setInterval(() => {}, 1000)"),
    {
      seconds: 2,
    },
  );
  expect({ isLate, left }).toEqual({ isLate: true, left: ["sleep 1000"] });
  await expect.poll(() => isAlive(message)).toBe(false);
});
