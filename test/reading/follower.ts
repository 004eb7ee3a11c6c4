/**
 * Reads a log in the background, with `follow`, and notes what it sees. Tests wait for what it has seen, never
 * for time to pass.
 */
import { onTestFinished } from "vitest";
import { type Log, type LogReader, type LogRecord, type ReadOptions, WalError } from "../../src/index.ts";

export class Follower {
  readonly seen: LogRecord[] = [];
  /** How the reading ended: `end`, the code of a `WalError`, or what else was thrown, as text. */
  readonly ended: Promise<string>;
  /** The error it ended with, if it did. */
  error: unknown;
  hasEnded = false;
  readonly #controller = new AbortController();
  #watchers: (() => void)[] = [];

  constructor(log: Log | LogReader, options: ReadOptions = {}) {
    const { signal } = this.#controller;
    this.ended = this.#run(log.read({ ...options, follow: true, signal }));
    onTestFinished(() => this.stop());
  }

  get values(): string[] {
    return this.seen.map(({ value }) => new TextDecoder().decode(value));
  }

  get offsets(): number[] {
    return this.seen.map(({ offset }) => offset);
  }

  /** Resolves when it has seen `count` records, and rejects when it ends before. */
  async reach(count: number): Promise<void> {
    while (this.seen.length < count) {
      if (this.hasEnded) throw new Error(`it ended after ${this.seen.length} records: ${await this.ended}`);
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#controller.abort(new Error("stopped"));
    await this.ended;
  }

  async #run(reading: AsyncIterable<LogRecord>): Promise<string> {
    try {
      for await (const record of reading) {
        this.seen.push(record);
        this.#tell();
      }
      return "end";
    } catch (error) {
      this.error = error;
      return error instanceof WalError ? error.code : String(error);
    } finally {
      this.hasEnded = true;
      this.#tell();
    }
  }

  #tell(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}
