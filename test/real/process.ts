/** Runs the writer and collects what it reports, until it is killed or ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";

export type Mode = "appends" | "rotation" | "truncation" | "retention";

export interface WriterOptions {
  readonly seed: number;
  readonly blocking: boolean;
  readonly mode: Mode;
  /** How much it does before it closes the log and ends. Without it, it works on for ever. */
  readonly turns?: number;
  /** Stands in front of the command, for example strace with its options. */
  readonly wrapper?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class RunningWriter {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = "";
  errors = "";
  exitCode: number | null = null;
  #listener: () => void = () => undefined;

  constructor(script: string, folder: string, { wrapper = [], env = {}, ...options }: WriterOptions) {
    const command = [...wrapper, process.execPath, script, folder, JSON.stringify(options)];
    this.#child = spawn(command[0]!, command.slice(1), {
      env: { ...process.env, UV_USE_IO_URING: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
      this.#listener();
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.errors += text));
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code) => {
        this.exitCode = code;
        this.#listener();
        resolve();
      });
    });
  }

  /** Whole lines. The last one may be cut in two by a kill. */
  get lines(): string[] {
    return this.#output.split("\n").slice(0, -1);
  }

  /** Resolves when it has reported so many lines, or has ended. */
  async reported(count: number): Promise<void> {
    let seen = 0;
    await new Promise<void>((resolve) => {
      this.#listener = () => {
        seen = this.#output.split("\n").length - 1;
        if (seen >= count || this.#child.exitCode !== null || this.#child.signalCode !== null) resolve();
      };
      this.#listener();
    });
  }

  /** Stops it between two instructions. A call that the kernel is in the middle of does not return to it. */
  async freeze(): Promise<void> {
    this.#child.kill("SIGSTOP");
    const tasks = `/proc/${this.#child.pid}/task`;
    while (existsSync(tasks)) {
      const states = readdirSync(tasks).map((task) => stateOf(`${tasks}/${task}/stat`));
      if (states.every((state) => "TtDZX".includes(state))) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Kills it without a chance to clean up, and waits until all it has reported is here. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async ended(): Promise<void> {
    await this.#ended;
  }
}

/** One letter, see proc(5). A task that has ended meanwhile counts as dead. */
function stateOf(path: string): string {
  try {
    const text = readFileSync(path, "latin1");
    return text[text.lastIndexOf(")") + 2]!;
  } catch {
    return "X";
  }
}
