/**
 * Where a command writes: text for people, or JSON, to stdout; progress and questions to stderr, and only on a
 * terminal. Colours are left out where NO_COLOR is set or nobody would see them.
 */
import { createInterface } from "node:readline/promises";
import { once } from "node:events";

export interface Output {
  /** Whether the answer is JSON. */
  readonly json: boolean;
  /** The width of the terminal, where there is one. */
  readonly width: number | undefined;
  readonly paint: Paint;
  line(text?: string): void | Promise<void>;
  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void | Promise<void>;
  /** One value as JSON: indented by itself, or on a line. */
  value(value: unknown, options?: { readonly lines: boolean }): void | Promise<void>;
  /** A line on stderr that takes the place of the one before; nothing where it is no terminal. */
  progress(text: string): void;
  /** A line on stderr. */
  note(text: string): void;
  /** A line on stderr for somebody who types at a terminal; nothing for anybody else. */
  hint(text: string): void;
  /** Asks on the terminal; `undefined` where there is none. Rejects when it is interrupted. */
  ask(question: string, signal: AbortSignal): Promise<boolean | undefined>;
}

export type Paint = Readonly<Record<"bold" | "dim" | "red" | "green" | "yellow", (text: string) => string>>;

export function makeOutput({ json }: { readonly json: boolean }): Output {
  const { stdout, stderr } = process;
  const isColored = stdout.isTTY === true && !json && hasColors();
  const color = (open: number, close: number) => (text: string) =>
    isColored && text !== "" ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  let isShowing = false;
  const clear = (): void => {
    if (isShowing) stderr.write("\r\x1b[K");
    isShowing = false;
  };
  // A reader that is slower than we are is waited for, so that memory stays bounded.
  const write = (data: string | Uint8Array): void | Promise<void> => {
    clear();
    if (stdout.write(data)) return undefined;
    return once(stdout, "drain").then(() => undefined);
  };
  const note = (text: string): void => {
    clear();
    stderr.write(`${text}\n`);
  };
  const isTyping = process.stdin.isTTY === true && stderr.isTTY === true;
  return {
    json,
    width: stdout.isTTY === true && stdout.columns > 0 ? stdout.columns : undefined,
    paint: {
      bold: color(1, 22),
      dim: color(2, 22),
      red: color(31, 39),
      green: color(32, 39),
      yellow: color(33, 39),
    },
    line: (text = "") => write(`${text}\n`),
    bytes: write,
    value: (value, options) =>
      write(`${JSON.stringify(value, undefined, options?.lines === true ? 0 : 2)}\n`),
    progress(text) {
      if (stderr.isTTY !== true) return;
      clear();
      stderr.write(text.slice(0, Math.max(20, (stderr.columns || 80) - 1)));
      isShowing = text !== "";
    },
    note,
    hint(text) {
      if (isTyping) note(text);
    },
    async ask(question, signal) {
      if (!isTyping) return undefined;
      const asking = createInterface({ input: process.stdin, output: stderr });
      // Ctrl-C is a key here, and becomes again what it is elsewhere.
      asking.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
      const closed = once(asking, "close").then(() => "");
      try {
        const answer = asking.question(`${question} [y/N] `, { signal });
        return /^y(es)?$/i.test((await Promise.race([answer, closed])).trim());
      } catch {
        // Ctrl-D is no answer.
        note("");
        signal.throwIfAborted();
        return false;
      } finally {
        asking.close();
      }
    },
  };
}

function hasColors(): boolean {
  return !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}
