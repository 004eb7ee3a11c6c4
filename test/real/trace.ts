/**
 * Runs the writer under strace, which writes down every call that matters for durability, in the order in
 * which the kernel began and ended them, and makes some of them fail where a test asks for it.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../tools/loop-disk.mjs";
import { RunningWriter, type WriterOptions } from "./process.ts";

export interface Call {
  readonly name: string;
  /** Of the file it works on; of a rename, the new one. Empty where there is none. */
  readonly path: string;
  readonly text: string;
  /** The places in the trace where it began and ended. */
  readonly begin: number;
  readonly end: number;
  readonly result: number;
  readonly isInjected: boolean;
}

export interface Traced {
  readonly calls: readonly Call[];
  readonly writer: RunningWriter;
}

const traced = "openat,pwrite64,write,fdatasync,fsync,rename,unlink,ftruncate";

/** `inject` is an expression of strace, without its `inject=`. */
export async function traceWriter(
  script: string,
  folder: string,
  options: WriterOptions & { readonly inject?: string },
): Promise<Traced> {
  const place = mkdtempSync(join(tmpdir(), "walkabout-trace-"));
  const output = join(place, "trace");
  const { inject, ...others } = options;
  const injections = inject === undefined ? [] : ["-e", `inject=${inject}`];
  const wrapper = ["strace", "-f", "-y", "-s", "700", "-o", output, "-e", `trace=${traced}`, ...injections];
  try {
    const writer = new RunningWriter(script, folder, { ...others, wrapper });
    await writer.ended();
    return { calls: parse(readFileSync(output, "latin1")), writer };
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** Whether from here on the path is that of another file, a new one or a spare one. */
export function isNaming({ name, text, result }: Call): boolean {
  return result >= 0 && (name === "rename" || (name === "openat" && text.includes("O_CREAT")));
}

/** Why nothing can be traced on this machine, or `undefined`. */
export function whyNoTrace(): string | undefined {
  if (process.platform !== "linux") return "it needs Linux";
  try {
    run("strace", "-f", "-y", "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO:when=1", "true");
    return undefined;
  } catch (error) {
    return (error as Error).message.split("\n").slice(0, 2).join(" ");
  }
}

function parse(trace: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, { text: string; begin: number }>();
  for (const [index, line] of trace.split("\n").entries()) {
    const [, task, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (task === undefined || rest === undefined) continue;
    if (rest.endsWith("<unfinished ...>")) {
      unfinished.set(task, { text: rest.slice(0, -"<unfinished ...>".length), begin: index });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const before = resumed && unfinished.get(task);
    const call = parseCall(before ? before.text + resumed[1]! : rest, before?.begin ?? index, index);
    if (call !== undefined) calls.push(call);
  }
  return calls.toSorted((one, other) => one.begin - other.begin);
}

function parseCall(text: string, begin: number, end: number): Call | undefined {
  const [, name, given, result] = /^(\w+)\((.*)\) += (-?\d+)/s.exec(text) ?? [];
  if (name === undefined || given === undefined) return undefined;
  return {
    name,
    path: pathOf(name, given),
    text,
    begin,
    end,
    result: Number(result),
    isInjected: text.endsWith("(INJECTED)"),
  };
}

function pathOf(name: string, given: string): string {
  if (name === "openat" || name === "unlink") return /"([^"]*)"/.exec(given)?.[1] ?? "";
  if (name === "rename") return /, "([^"]*)"/.exec(given)?.[1] ?? "";
  return /^\d+<([^>]*)>/.exec(given)?.[1] ?? "";
}
