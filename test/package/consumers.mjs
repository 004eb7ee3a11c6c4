/**
 * Runs the consumers on every runtime. The runtimes share one log: each continues what the one before
 * it wrote, and each must respect the lock of every other.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { environment, root, runOrThrow } from "../tools/command.mjs";
import { runtimes } from "../tools/runtimes.mjs";

const RECORDS_PER_RUN = 3;
const TIMEOUT_MS = 120_000;

export async function checkConsumers(project, tally) {
  const shared = join(project, "data");
  for (const [index, runtime] of runtimes.entries()) {
    await tally.check(`${runtime.name}: walkabout/node`, () =>
      runIn(project, runtime, "node-log.mjs", shared, String(index * RECORDS_PER_RUN)),
    );
    await tally.check(`${runtime.name}: walkabout/memory`, () => runIn(project, runtime, "memory-log.mjs"));
    await tally.check(`${runtime.name}: walkabout/outbox and walkabout/receiver`, () =>
      runIn(project, runtime, "exchange.mjs"),
    );
    await tally.check(`${runtime.name}: walkabout/receiver/node`, () =>
      runIn(project, runtime, "served.mjs"),
    );
    await tally.check(`${runtime.name}: walkabout/conformance`, () =>
      runIn(project, runtime, "conformance.mjs"),
    );
  }
  await tally.check("Deno: the example of an adapter, on a real Deno KV", () => runExample(project));
  await tally.check("the file begins with the magic of the format", () => checkMagic(shared));
  for (const runtime of runtimes) {
    await tally.check(`${runtime.name}: the command-line tool reads that log`, () =>
      checkTool(project, runtime),
    );
  }
  await tally.check("npx walkabout finds the command-line tool", () => checkNpx(project));
  await checkLocks(project, tally);
  await tally.check("Deno type-checks and runs TypeScript", () => runTyped(project));
}

async function runIn(project, runtime, script, ...args) {
  const output = await runOrThrow(runtime.program, [...runtime.args, script, ...args], options(project));
  return output.trim().split("\n").at(-1);
}

/** Deno keeps its cache in the project, and does not look for a newer release of itself. */
function options(project) {
  const env = { DENO_DIR: join(project, ".deno"), DENO_NO_UPDATE_CHECK: "1" };
  return { cwd: project, env, timeoutMs: TIMEOUT_MS };
}

function checkMagic(shared) {
  const file = openSync(join(shared, "consumer/0/00000000000000000000.wal"), "r");
  const magic = Buffer.alloc(4);
  readSync(file, magic, 0, 4, 0);
  closeSync(file);
  if (magic.toString("latin1") !== "SQWL") throw new Error(`it begins with ${magic.toString("hex")}`);
}

const tool = "node_modules/walkabout/dist/src/cli/main.js";

async function checkTool(project, runtime) {
  const output = await runOrThrow(
    runtime.program,
    [...runtime.args, tool, "verify", "data", "--json"],
    options(project),
  );
  const { verdict, records } = JSON.parse(output.slice(output.indexOf("{")));
  const expected = RECORDS_PER_RUN * runtimes.length;
  if (verdict !== "sound" || records !== expected) throw new Error(`it found ${output}`);
  return `${records} records, ${verdict}`;
}

async function checkNpx(project) {
  const output = await runOrThrow("npx", ["--no-install", "walkabout", "ls", "data"], options(project));
  if (!output.includes("data/consumer/0")) throw new Error(`it said ${output}`);
}

async function checkLocks(project, tally) {
  const locked = join(project, "locked");
  for (const [index, holder] of runtimes.entries()) {
    await tally.check(
      `${holder.name} holds the lock against everyone, and gives it up when killed`,
      async () => {
        const kill = await hold(project, holder, locked);
        try {
          for (const other of runtimes) await expectLock(project, other, locked, "LOCKED");
        } finally {
          await kill();
        }
        await expectLock(project, runtimes[(index + 1) % runtimes.length], locked, "opened");
      },
    );
  }
}

async function expectLock(project, runtime, folder, expected) {
  const answer = await runIn(project, runtime, "lock.mjs", "try", folder);
  if (answer !== expected) throw new Error(`${runtime.name} got ${answer} instead of ${expected}`);
}

/** Starts a process that holds the log. Answers, when it does, a function that kills it. */
async function hold(project, runtime, folder) {
  const { cwd, env, timeoutMs } = options(project);
  const child = spawn(runtime.program, [...runtime.args, "lock.mjs", "hold", folder], {
    cwd,
    env: environment(env),
    stdio: ["pipe", "pipe", "inherit"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const closed = once(child, "close");
  const kill = async () => {
    child.kill("SIGKILL");
    await closed;
  };
  const [said] = await Promise.race([once(child.stdout, "data"), closed]);
  if (String(said).startsWith("held")) return kill;
  await kill();
  throw new Error(`${runtime.name} could not hold the log: ${said}`);
}

const deno = runtimes.find(({ name }) => name === "Deno");

async function runExample(project) {
  const args = ["run", "-A", "--unstable-kv", "--no-config", `${root}examples/key-value/conformance.ts`];
  return (await runOrThrow(deno.program, args, options(project))).trim().split("\n").at(-1);
}

async function runTyped(project) {
  return await runIn(project, { ...deno, args: ["run", "-A", "--check"] }, "typed.ts");
}
