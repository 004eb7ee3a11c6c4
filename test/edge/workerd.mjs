/** A workerd with one Worker and its Durable Objects on a disk, which can be killed and started again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { freezeGroup } from "../tools/freeze.mjs";
import { folder, program } from "./install.mjs";

const config = ({ bundle, objects, binding, variables }, disk) => `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (path = ${JSON.stringify(disk)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "bundle/${bundle}.js")],
  compatibilityDate = "2025-01-01",
  durableObjectNamespaces = [(className = "${objects}", uniqueKey = "log", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "${binding}", durableObjectNamespace = "${objects}"),
    ${Object.entries(variables)
      .map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)}),`)
      .join("\n")}
  ],
);
`;

/** The Worker of these tests, see worker.ts. */
const testWorker = { bundle: "worker", objects: "LogObject", binding: "LOGS", variables: {} };

/** Resolves when it listens. What its objects write is kept in `disk`. */
export async function startWorkerd(disk, worker = testWorker) {
  mkdirSync(disk, { recursive: true });
  const file = `${folder}/config-${worker.bundle}.capnp`;
  writeFileSync(file, config(worker, disk));
  const child = spawn(program, ["serve", file, "--control-fd=3"], {
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
    /** What it has said of itself on its standard error. */
    complaints: () => complaints,
    /** Stops it where it is, as a loss of power does. */
    freeze: () => freezeGroup(child.pid),
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** Calls `work` with a workerd, and ends that afterwards. */
export async function withWorkerd(disk, work, worker = testWorker) {
  const workerd = await startWorkerd(disk, worker);
  try {
    return await work(workerd);
  } finally {
    await workerd.kill();
  }
}

async function listening(lines) {
  for await (const line of lines) {
    const { event, port } = JSON.parse(line);
    if (event === "listen") return port;
  }
  throw new Error("workerd never listened");
}
