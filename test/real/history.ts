/**
 * What the reports of a writer promise about its log, over any number of its lives: which records must be
 * there, and which may. It knows nothing of files.
 */
import { expect } from "vitest";
import type { Log, LogReader } from "../../src/index.ts";

export class History {
  /** What was acknowledged and not forgotten, by offset. */
  readonly #must = new Map<number, string>();
  /** What is being truncated away at the end, and what has been: its values are never seen again. */
  readonly #dying = new Set<string>();
  readonly #dead = new Set<string>();
  /** Behind this offset, a truncation at the end is under way. */
  #cutting = Infinity;
  /** `first` is at least, and at most. */
  #firstMin = 0;
  #firstMax = 0;
  readonly #drops: boolean;
  acks = 0;
  failures = 0;

  /** Whether the log drops old segments by itself. */
  constructor(options: { readonly drops: boolean }) {
    this.#drops = options.drops;
  }

  /** Takes over what one life of the writer reported. */
  add(lines: readonly string[]): void {
    for (const line of lines) {
      const [word, number, text] = line.split(" ");
      const offset = Number(number);
      switch (word) {
        case "ack":
          this.acks++;
          if (offset <= this.#cutting) this.#must.set(offset, text!);
          break;
        case "before":
          this.#firstMax = Math.max(this.#firstMax, offset);
          break;
        case "first":
          this.#firstMin = Math.max(this.#firstMin, offset);
          break;
        case "after":
          this.#cutting = offset;
          this.#forgetAfter(offset);
          break;
        case "cut":
          this.#cutting = Infinity;
          for (const each of this.#dying) this.#dead.add(each);
          this.#dying.clear();
          break;
        case "failed":
          this.failures++;
          break;
        case "open":
        case "closed":
          break;
        default:
          throw new Error(`a writer cannot have said “${line}”`);
      }
    }
  }

  /** Holds the log against what was promised. `when` is told in what fails. */
  async check(log: Log | LogReader, when: string): Promise<void> {
    this.#cutting = Infinity;
    this.#dying.clear();
    expect(log.first, `first ${when}`).toBeGreaterThanOrEqual(this.#firstMin);
    if (!this.#drops)
      expect(log.first, `first ${when}`).toBeLessThanOrEqual(Math.max(this.#firstMin, this.#firstMax));
    const found = new Map<number, string>();
    let next = log.first;
    for await (const record of log.read()) {
      expect(record.offset, `an offset ${when}`).toBe(next++);
      found.set(record.offset, new TextDecoder().decode(record.value));
    }
    expect(next, `next ${when}`).toBe(log.next);
    const risen = [...found].filter(([, text]) => this.#dead.has(text));
    expect(risen, `what was truncated away and is back ${when}`).toEqual([]);
    for (const [offset, text] of this.#must) {
      if (offset < log.first) this.#must.delete(offset);
      else expect(found.get(offset), `the value acknowledged at offset ${offset} ${when}`).toBe(text);
    }
  }

  /** Whether nothing has to be there, not even a log. */
  get isEmpty(): boolean {
    return this.#must.size === 0 && this.#firstMin === 0;
  }

  #forgetAfter(last: number): void {
    for (const [offset, text] of this.#must) {
      if (offset <= last) continue;
      this.#must.delete(offset);
      this.#dying.add(text);
    }
  }
}
