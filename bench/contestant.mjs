/** One contestant in a process of its own, which is told by messages what to do. */
import { fork } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { peerNamed } from "./peers.mjs";

const script = fileURLToPath(new URL("child.mjs", import.meta.url));

/** Nobody may hold up the rest for longer. */
const answerMsMax = 120_000;

export class Contestant {
  #child;
  #asked;
  #complaints = "";
  #program;

  /** `program` starts Node under another one, for example a tracer. */
  constructor({ program } = {}) {
    this.#program = program;
  }

  #start(node = process.execPath) {
    if (this.#child !== undefined) return;
    const [execPath, ...before] = [...(this.#program ?? []), node];
    this.#child = fork(script, [], {
      execPath,
      execArgv: [...before, "--no-warnings"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => (this.#complaints += text));
    this.#child.on("message", ({ result, error }) => {
      if (error === undefined) this.#asked?.resolve(result);
      else this.#asked?.reject(new Error(error));
    });
    this.#child.on("error", (error) => this.#asked?.reject(error));
    this.#child.on("exit", (code, signal) => {
      const why = this.#complaints.trim().split("\n").at(-1);
      this.#asked?.reject(new Error(`its process ended with ${signal ?? code}${why ? `: ${why}` : ""}`));
    });
  }

  /** Asks for one of the works of child.mjs. */
  async ask(work, args = {}) {
    this.#start();
    if (!this.isAlive) throw new Error("its process has ended");
    const answer = new Promise((resolve, reject) => (this.#asked = { resolve, reject }));
    const late = new Error(`there was no answer within ${answerMsMax / 1000} s`);
    const timer = setTimeout(() => this.#asked.reject(late), answerMsMax);
    this.#child.send({ work, args });
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  open(name, folder, options = {}) {
    const { module, settings, node } = peerNamed(name);
    this.#start(node);
    return this.ask("open", { module, folder, options: { ...settings, ...options } });
  }

  get isAlive() {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the process is gone. */
  async kill() {
    if (!this.isAlive) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    // Who is traced has to go first, or the trace ends before it is whole.
    if (this.#program !== undefined) this.#child.send({ work: "die" });
    else this.#child.kill("SIGKILL");
    await gone;
  }
}

/** Lets a fresh contestant work, and takes its process and its folder away afterwards. */
export async function withContestant(work, { folder, ...options } = {}) {
  const contestant = new Contestant(options);
  try {
    return await work(contestant);
  } finally {
    await contestant.kill();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Who fails once is out, with the reason. */
export async function attempt(entry, work) {
  if (entry.failed !== undefined) return;
  try {
    await work();
  } catch (error) {
    entry.failed = error.message;
  }
}
