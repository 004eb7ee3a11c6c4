/** A workerd with one Worker and its Durable Objects on a disk, which can be killed and started again. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { freezeGroup } from "../tools/freeze.mjs";

const config = (disk) => `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (path = ${JSON.stringify(disk)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "bundle/worker.js")],
  compatibilityDate = "2025-01-01",
  durableObjectNamespaces = [(className = "LogObject", uniqueKey = "log", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "LOGS", durableObjectNamespace = "LogObject")],
);
`;

/**
 * Starts \`program\` with the bundle in `folder`, and its data in `disk`. Resolves when it listens.
 */
export async function startWorkerd(program, folder, disk) {
  mkdirSync(disk, { recursive: true });
  writeFileSync(`${folder}/config.capnp`, config(disk));
  const child = spawn(program, ["serve", `${folder}/config.capnp`, "--control-fd=3"], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    detached: true,
  });
  const exit = once(child, "exit");
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (complaints += text));
  const lines = createInterface({ input: child.stdio[3] });
  const port = await Promise.race([
    exit.then(([code, signal]) => {
      throw new Error(`workerd ended with ${signal ?? code} before it listened: ${complaints}`);
    }),
    listening(lines),
  ]);
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    /** Stops it where it is, as a loss of power does. */
    freeze: () => freezeGroup(child.pid),
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

async function listening(lines) {
  for await (const line of lines) {
    const { event, port } = JSON.parse(line);
    if (event === "listen") return port;
  }
  throw new Error("workerd never listened");
}
