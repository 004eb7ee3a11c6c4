/**
 * Runs the built command-line tool as a user does: a process of its own, with pipes or in a pseudo-terminal,
 * in a folder of its own.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { encodeTopic } from "../../src/format/names.ts";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { type Log, openLog, type OpenLogOptions } from "../../src/index.ts";
import { signalGroup } from "../tools/group.mjs";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Record<string, string>;
}

export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), "walkabout-cli-"));

  constructor() {
    if (!existsSync(main)) throw new Error("the tool is not built: npm run build");
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** A log in ./data. Each record is a batch of its own. */
  async log(topic: string, count: number, settings: Partial<OpenLogOptions> = {}): Promise<Log> {
    const log = await openLog({ storage: nodeStorage(this.path("data")), topic, ...settings });
    onTestFinished(() => log.close().catch(() => undefined));
    for (let index = 0; index < count; index++) {
      await log.append({ key: `k${log.next % 3}`, value: `record number ${log.next}` });
    }
    return log;
  }

  /** Segments of 14 records each. */
  async closedLog(topic: string, count: number): Promise<string[]> {
    await (await this.log(topic, count, { segment: { maxBytes: 1500 } })).close();
    return this.segments(topic);
  }

  segments(topic: string): string[] {
    const folder = this.path("data", encodeTopic(topic), "0");
    const names = readdirSync(folder).filter((name) => name.endsWith(".wal"));
    return names.toSorted().map((name) => join(folder, name));
  }

  /** Everything below the folder of a log, as text that can be compared. */
  snapshot(topic: string): string[] {
    const folder = this.path("data", encodeTopic(topic), "0");
    return readdirSync(folder)
      .toSorted()
      .map((name) => `${name} ${readFileSync(join(folder, name)).toString("base64")}`);
  }

  start(...args: string[]): ChildProcessWithoutNullStreams {
    return this.startWith(args);
  }

  startWith(args: readonly string[], { env }: RunOptions = {}): ChildProcessWithoutNullStreams {
    const child = spawn(process.execPath, [main, ...args], { cwd: this.folder, env: environment(env) });
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  }

  async run(args: readonly string[], { input, env }: RunOptions = {}): Promise<Ended> {
    const child = spawn(process.execPath, [main, ...args], { cwd: this.folder, env: environment(env) });
    onTestFinished(() => void child.kill("SIGKILL"));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    return ended(child);
  }

  async json(...args: string[]): Promise<any> {
    const { out, err } = await this.run([...args, "--json"]);
    if (out === "") throw new Error(err);
    return JSON.parse(out);
  }

  /** In a shell, where `walkabout` is the tool. */
  async shell(command: string): Promise<Ended> {
    const child = this.startShell(command);
    child.stdin.end();
    return ended(child);
  }

  /** In a group of processes of its own, which is what Ctrl-C goes to. */
  startShell(command: string): ChildProcessWithoutNullStreams {
    const options = { cwd: this.folder, env: environment(), detached: true };
    const child = spawn("bash", ["-c", withTool(command)], options);
    onTestFinished(() => void signalGroup(child.pid!, "SIGKILL"));
    return child;
  }

  /** In a pseudo-terminal, which mixes both outputs, and with what is typed into it. */
  async terminal(command: string, { input = "", env }: RunOptions = {}): Promise<Ended> {
    const sized = `stty cols 100 rows 30; ${withTool(command)}`;
    const child = spawn("script", ["-qefc", sized, "/dev/null"], {
      cwd: this.folder,
      env: { ...environment(env), SHELL: "/bin/bash" },
    });
    if (input !== "") {
      // The question has to be there before the answer.
      child.stdout.once("data", () => child.stdin.write(input));
    }
    return ended(child);
  }
}

/** Whether there is a program that makes pseudo-terminals. */
export const hasTerminal = ((): boolean => {
  try {
    execFileSync("script", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();

export function corrupt(path: string, position: number): void {
  const bytes = readFileSync(path);
  bytes[position]! ^= 4;
  writeFileSync(path, bytes);
}

export function cutEnd(path: string, count: number): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length - count));
}

export async function ended(child: {
  stdout: NodeJS.ReadableStream;
  stderr: NodeJS.ReadableStream;
}): Promise<Ended> {
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code] = (await once(child as never, "close")) as [number | null];
  return { code, out, err };
}

/** Resolves when a text has come out of a program since the call. */
export function said(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    let all = "";
    stream.on("data", (part) => {
      all += String(part);
      if (all.includes(text)) resolve();
    });
  });
}

function withTool(command: string): string {
  return `walkabout() { '${process.execPath}' '${main}' "$@"; }; ${command}`;
}

function environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _none, FORCE_COLOR: _force, NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, TERM: "xterm-256color", ...extra };
}
