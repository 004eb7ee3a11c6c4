/** Runs the writer and collects what it reports, until it is killed or ends. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { freezeGroup } from "../tools/freeze.mjs";

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
      detached: true,
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

  /** Stops it between two instructions, as a loss of power does. */
  freeze(): Promise<void> {
    return freezeGroup(this.#child.pid!);
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
