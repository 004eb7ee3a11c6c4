/**
 * Runs a program that must not outlive its time, nor leave anything running behind it. Whatever it started is
 * found by a mark in its environment, also what left its process group, and killed. It knows nothing of tests.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { environment, root } from "./command.mjs";
import { signalGroup } from "./group.mjs";

/**
 * Answers how it ended, once it has ended or its time is over: `{ code, message, isLate, left }`. `message` is the
 * last thing that it sent, `left` are the commands that were still running behind it, where the platform can tell.
 */
export function runOnLeash(program, args, { seconds }) {
  const mark = `WALKABOUT_LEASH=${process.pid}-${Date.now()}`;
  const [name, value] = mark.split("=");
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: environment({ [name]: value }),
      // Its output goes through us, so that nothing that it leaves behind can hold ours open.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: process.platform !== "win32",
    });
    child.stdout.pipe(process.stdout, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
    let message;
    child.on("message", (sent) => (message = sent));

    let isLate = false;
    const end = (code) => {
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, interrupted);
      const left = killMarked(mark);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code: code ?? 1, message, isLate, left });
    };
    const stop = () => {
      isLate = true;
      killGroup(child);
    };
    const timer = setTimeout(stop, seconds * 1000);
    const interrupted = () => {
      killGroup(child);
      killMarked(mark);
      process.exit(130);
    };
    for (const signal of signals) process.once(signal, interrupted);
    child.on("error", () => end(127));
    // Not "close", which waits for everybody who holds its output.
    child.on("exit", (code) => setTimeout(end, drainMs, code));
  });
}

const signals = ["SIGINT", "SIGTERM"];

/** What was written just before the end is still on its way through the pipes. */
const drainMs = 200;

function killGroup(child) {
  if (process.platform === "win32") child.kill("SIGKILL");
  else signalGroup(child.pid, "SIGKILL");
}

/** Kills every process that inherited the mark, and answers their commands. Elsewhere than on Linux there is no telling. */
function killMarked(mark) {
  if (process.platform !== "linux") return [];
  const left = [];
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid) || !read(`/proc/${pid}/environ`).split("\0").includes(mark)) continue;
    const command = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    try {
      process.kill(Number(pid), "SIGKILL");
      if (command !== "") left.push(command);
    } catch {
      // It has ended by itself.
    }
  }
  return left;
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
