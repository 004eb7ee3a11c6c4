/**
 * Runs other programs and answers how they ended. It knows nothing of tests: a non-zero exit is
 * an answer here, and becomes an error only in `runOrThrow`.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The top folder of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The path of a program that `npm ci` installed. */
export const installed = (name) => `${root}node_modules/.bin/${name}`;

const MINUTE = 60_000;

/**
 * Runs `program` to its end. With `show` its output goes straight to ours, otherwise it is in the
 * answer: `{ code, output }`, where `output` holds both streams in the order they came.
 */
export function run(program, args, { cwd = root, env = {}, show = false, timeoutMs = 20 * MINUTE } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: environment(env),
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
    });
    let output = "";
    const collect = (chunk) => (output += chunk);
    child.stdout?.setEncoding("utf8").on("data", collect);
    child.stderr?.setEncoding("utf8").on("data", collect);

    const timer = setTimeout(() => {
      output += `\nstopped: still running after ${timeoutMs / MINUTE} minutes`;
      child.kill("SIGKILL");
      // Its own children may live on and hold these open.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, timeoutMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ code: 127, output: `${program} cannot be started: ${error.message}` });
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, output: signal ? `${output}\nended by ${signal}` : output });
    });
  });
}

/** As `run`, but an exit code other than zero throws with the program's output as the message. */
export async function runOrThrow(program, args, options) {
  const { code, output } = await run(program, args, options);
  if (code !== 0) throw new Error(output.trim() || `${program} ended with exit code ${code}`);
  return output;
}

/** Ours plus `extra`. A quiet outer npm must not make the inner ones hide why they failed. */
export function environment(extra = {}) {
  const { npm_config_loglevel: _quiet, ...ours } = process.env;
  return { ...ours, ...extra };
}
