/** Starts the demo's service as `npm start` does, and ends it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment, root } from "../tools/command.mjs";

const startMsMax = 20_000;

/** Resolves when it has printed its address, or has ended. */
export async function startService(data, port = 0) {
  const args = ["dist/demo/server/main.js", "--port", String(port), "--data", data];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let output = "";
  const collect = (chunk) => (output += chunk);
  child.stderr.setEncoding("utf8").on("data", collect);
  child.stdout.setEncoding("utf8").on("data", collect);
  const address = () => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
  const begun = performance.now();
  while (address() === undefined && child.exitCode === null) {
    if (performance.now() - begun > startMsMax) throw new Error(`the service does not start: ${output}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
  return {
    child,
    url: address(),
    get output() {
      return output;
    },
    /** Answers the exit code; or the signal, where that has ended it. */
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code, by] = await exited;
      return code ?? by;
    },
  };
}

/** Calls `work` with a new folder, which is removed afterwards. */
export async function withFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-demo-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What the service tells its watchers now. */
export async function stateOf(url) {
  const aborter = new AbortController();
  const { body } = await fetch(`${url}/events`, { signal: aborter.signal });
  let text = "";
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const state = /^data: (.*)\n\n/m.exec(text)?.[1];
      if (state !== undefined) return JSON.parse(state);
    }
  } finally {
    aborter.abort();
  }
  throw new Error("the service told nothing");
}
