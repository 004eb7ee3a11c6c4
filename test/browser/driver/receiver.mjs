/** A receiver in a process of its own, which can be ended and killed, and is started again on the same port. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./receiver-process.mjs", import.meta.url));

export class ReceiverProcess {
  #folder;
  #child;
  port = 0;
  starts = 0;

  constructor(folder) {
    this.#folder = folder;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/ingest`;
  }

  async start() {
    const child = spawn(process.execPath, [program, this.#folder, String(this.port)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    this.starts += 1;
    const said = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    this.port = Number(String(said[0]).trim());
    if (!(this.port > 0) || child.exitCode !== null) throw new Error("the receiver could not be started");
  }

  /** Ends it with `signal`: SIGKILL at once, SIGTERM behind closing its log. */
  async end(signal) {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }
}
