/**
 * Random lives of a log whose file names settle late, with losses of power that take some of the youngest names. The
 * log must open every time, with everything that was acknowledged as `disk`, and after the mere death of its
 * worker with everything that was acknowledged at all.
 */
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { opfsStorage } from "../../adapters/opfs/storage.ts";
import { type Log, openLog } from "../../src/index.ts";
import { Origin } from "./origin.ts";

const settleMs = 1000;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

type Step =
  | { readonly do: "append"; readonly count: number }
  | { readonly do: "rotate" | "reopen" | "die" }
  | { readonly do: "truncateBefore" | "truncateAfter"; readonly part: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "losePower"; readonly kept: number; readonly written: number };

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom("rotate" as const, "reopen" as const, "die" as const) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom("truncateBefore" as const, "truncateAfter" as const),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 900 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("losePower" as const),
        kept: fc.double({ min: 0, max: 1, noNaN: true }),
        written: fc.integer({ min: 0, max: 2 ** 30 }),
      }),
    },
  ),
  { minLength: 5, maxLength: 40 },
);

/** A log, and what it has promised. */
class Life {
  readonly counts = { disk: 0, os: 0, memory: 0, losses: 0 };
  readonly #origin = new Origin(settleMs);
  #log!: Log;
  /** All that is in the log, as long as the power is on. */
  #all = new Map<number, string>();
  /** What a loss of power must leave. */
  #disk = new Map<number, string>();
  /** All that was ever at an offset. */
  readonly #ever = new Map<number, Set<string>>();
  #number = 0;

  async begin(): Promise<void> {
    this.#origin.install();
    await this.#open();
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case "append":
        for (let count = 0; count < step.count; count++) await this.#append();
        return;
      case "rotate":
        await this.#log.rotate();
        return;
      case "reopen":
        await this.#log.close();
        return this.#openAnd(this.#all);
      case "die":
        this.#origin.die();
        return this.#openAnd(this.#all);
      case "wait":
        vi.advanceTimersByTime(step.ms);
        return;
      case "truncateBefore":
        return this.#truncate(step.part, "before");
      case "truncateAfter":
        return this.#truncate(step.part, "after");
      case "losePower":
        return this.#losePower(step.kept, step.written);
    }
  }

  async end(): Promise<void> {
    await this.#log.close();
  }

  async #append(): Promise<void> {
    const value = `record ${this.#number++}`;
    const { offset, durability } = await this.#log.append({ value });
    this.counts[durability]++;
    this.#all.set(offset, value);
    this.#ever.set(offset, (this.#ever.get(offset) ?? new Set()).add(value));
    if (durability !== "disk") return;
    // Everything before is on the disk as well.
    this.#disk = new Map(this.#all);
  }

  async #truncate(part: number, side: "before" | "after"): Promise<void> {
    const { first, next } = this.#log;
    const offset = Math.min(first + Math.floor(part * (next - first)), side === "before" ? next : next - 1);
    if (side === "before") await this.#log.truncateBefore(offset);
    else await this.#log.truncateAfter(offset);
    for (const map of [this.#all, this.#disk]) {
      for (const each of map.keys()) if (side === "before" ? each < offset : each > offset) map.delete(each);
    }
  }

  async #losePower(kept: number, written: number): Promise<void> {
    this.counts.losses++;
    let bits = written;
    const isWrittenKept = (): boolean => {
      bits = (Math.imul(bits, 1_103_515_245) + 12_345) >>> 0;
      return (bits & 65_536) > 0;
    };
    this.#origin.losePower({ kept: (count) => Math.round(kept * count), isWrittenKept });
    await this.#openAnd(this.#disk);
    this.#all = await this.#content();
    for (const [offset, value] of this.#all) expect(this.#ever.get(offset)).toContain(value);
    // What was found is flushed again as far as the log has been acknowledged: nothing more is promised of it.
  }

  async #openAnd(expected: ReadonlyMap<number, string>): Promise<void> {
    await this.#open();
    const content = await this.#content();
    const wanted = [...expected].filter(([offset]) => offset >= this.#log.first);
    expect(wanted.filter(([offset, value]) => content.get(offset) !== value)).toEqual([]);
    expect(this.#log.first).toBeLessThanOrEqual(Math.min(Infinity, ...expected.keys()));
  }

  async #open(): Promise<void> {
    const storage = opfsStorage({ settleMs, spareFiles: 1 });
    this.#log = await openLog({ storage, topic: "orders", segment: { maxBytes: 600 } });
  }

  async #content(): Promise<Map<number, string>> {
    const content = new Map<number, string>();
    const decoder = new TextDecoder();
    for await (const { offset, value } of this.#log.read()) content.set(offset, decoder.decode(value));
    return content;
  }
}

test(
  `what was acknowledged as disk is there, whatever names are lost (SEED=${seed})`,
  { timeout: 120_000 },
  async () => {
    const sum = { disk: 0, os: 0, losses: 0 };
    await fc.assert(
      fc.asyncProperty(steps, async (life) => {
        const lived = new Life();
        await lived.begin();
        for (const step of life) await lived.run(step);
        await lived.end();
        for (const key of ["disk", "os", "losses"] as const) sum[key] += lived.counts[key];
      }),
      { seed, numRuns: Number(process.env.RUNS ?? 300) },
    );
    expect(Math.min(...Object.values(sum)), "the search must have met all of it").toBeGreaterThan(100);
  },
);
