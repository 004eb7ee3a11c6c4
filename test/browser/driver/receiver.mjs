/** A receiver in a process of its own, which can be ended and killed, and is started again on the same port. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../tools/command.mjs";

const program = fileURLToPath(new URL("./receiver-process.mjs", import.meta.url));

/** Calls `work` with a receiver that is not started yet, and ends it behind it. */
export async function inReceiver(work) {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-received-"));
  const receiver = new ReceiverProcess(folder, await freePort());
  try {
    return await work(receiver);
  } finally {
    await receiver.end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

class ReceiverProcess {
  #folder;
  #port;
  #child;

  constructor(folder, port) {
    this.#folder = folder;
    this.#port = port;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}/ingest`;
  }

  async start() {
    const child = spawn(process.execPath, [program, this.#folder, String(this.#port)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    const said = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    if (!String(said[0]).startsWith("listening")) throw new Error("the receiver could not be started");
  }

  /** Ends it with `signal`: SIGKILL at once, SIGTERM behind closing its log. */
  async end(signal) {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }

  /** Kills it, and answers the values in its log. */
  async received() {
    await this.end("SIGKILL");
    const { openLog } = await import(`${root}dist/src/index.js`);
    const { nodeStorage } = await import(`${root}dist/adapters/node/storage.js`);
    const log = await openLog({ storage: nodeStorage(this.#folder), topic: "received" });
    const values = [];
    for await (const { value } of log.read()) values.push(new TextDecoder().decode(value));
    await log.close();
    return values;
  }
}

/** One that nobody has at the moment. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
