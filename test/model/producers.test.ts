/**
 * Random idempotent producers against their whole history, through truncations, rotations and crashes: each
 * record is stored once, its second sending gets the offset of the first, and a producer that was replaced
 * is refused. PRODUCER_RUNS, PRODUCER_SEED and PRODUCER_PATH are as in model.test.ts.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Ack, type Log, WalError } from "../../src/index.ts";
import { type Machine, memoryOverlapping, memorySync, models } from "../support/machine.ts";
import { type Outcome, ProducerReference } from "./producer-reference.ts";

interface Batch {
  id: string;
  epoch: number;
  sequence: number;
  count: number;
}

type Command =
  /** Without waiting in between. */
  | { do: "send"; batches: Batch[] }
  | { do: "truncateBefore" | "truncateAfter"; at: number }
  | { do: "rotate" | "reopen" | "lose power" | "die" };

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const batch: fc.Arbitrary<Batch> = fc.record({
  id: fc.constantFrom("a", "b"),
  epoch: fc.constantFrom(0, 0, 0, 1, 2),
  sequence: fc.integer({ min: 0, max: 14 }),
  count: fc.integer({ min: 1, max: 3 }),
});
const batches = fc.array(batch, { minLength: 1, maxLength: 4 });
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("send" as const), batches }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("truncateBefore" as const), at: fraction }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("truncateAfter" as const), at: fraction }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("rotate", "reopen", "lose power", "die") }) },
);

class Run {
  readonly #machine: Machine;
  readonly #reference = new ProducerReference();
  #log!: Log;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async all(commands: readonly Command[]): Promise<void> {
    this.#log = await this.#machine.open();
    for (const each of commands) {
      await this.#do(each);
      expect(this.#log).toMatchObject({ first: this.#reference.first, next: this.#reference.next });
    }
  }

  async #do(each: Command): Promise<void> {
    const reference = this.#reference;
    if (each.do === "send") await Promise.all(each.batches.map((one) => this.#send(one)));
    else if (each.do === "rotate") await this.#log.rotate();
    else if ("at" in each) {
      const offset = reference.first + Math.floor(each.at * (reference.next - reference.first + 1));
      await (each.do === "truncateBefore"
        ? this.#log.truncateBefore(offset)
        : this.#log.truncateAfter(offset - 1));
      if (each.do === "truncateBefore") reference.first = offset;
      else reference.end(offset);
    } else {
      if (each.do === "reopen") await this.#log.close();
      else if (each.do === "die" || !this.#machine.inMemory) await this.#machine.die();
      else this.#machine.losePower();
      this.#log = await this.#machine.open();
    }
  }

  async #send({ id, epoch, sequence, count }: Batch): Promise<void> {
    const reference = this.#reference;
    const sequences = Array.from({ length: count }, (_, index) => sequence + index);
    const foreseen = sequences.map((one) => reference.ask({ id, epoch, sequence: one }));
    const base = reference.next;
    const answer = this.#log.appendBatch(
      sequences.map((one) => ({ value: `${id} ${epoch} ${one}` })),
      { producer: { id, epoch, sequence } },
    );
    // The new ones are the last ones, and have been taken by now.
    const taken = this.#log.next - base;
    for (const one of sequences.slice(count - taken)) reference.add({ id, epoch, sequence: one });

    const acks = await answer.catch((error: unknown) => error as WalError);
    if (acks instanceof WalError) {
      const outcome: Outcome = acks.code === "FENCED" ? "fenced" : "unknown";
      expect(["FENCED", "DUPLICATE"], String(acks)).toContain(acks.code);
      expect(foreseen.flat(), String(acks)).toContain(outcome);
      // The others of a batch of which one is not known any more were written, and are not acknowledged.
      if (taken > 0) await this.#log.flush();
      return;
    }
    let next = base;
    for (const [index, { offset, duplicate }] of (acks as Ack[]).entries()) {
      const [outcome] = foreseen[index]!;
      expect({ offset, duplicate }).toEqual(
        outcome === "new" ? { offset: next++, duplicate: false } : { offset: outcome, duplicate: true },
      );
    }
    expect(next - base).toBe(taken);
  }
}

const { PRODUCER_RUNS, PRODUCER_SEED, PRODUCER_PATH } = process.env;
const runs = PRODUCER_RUNS === undefined ? 200 : Number(PRODUCER_RUNS);

describe.each([memorySync, memoryOverlapping, models.at(-1)!])("producers ($name)", (model) => {
  test("are known by all that they have written", { timeout: 3_600_000 }, async () => {
    const list = fc.array(command, { minLength: 1, maxLength: 40, size: "max" });
    await fc.assert(
      fc.asyncProperty(list, async (commands) => {
        const machine = model.build();
        await new Run(machine).all(commands);
        await machine.finish();
      }),
      {
        numRuns: model.inMemory ? runs : Math.ceil(runs / 50),
        timeout: 10_000,
        ...(PRODUCER_SEED !== undefined && { seed: Number(PRODUCER_SEED) }),
        ...(PRODUCER_PATH !== undefined && { path: PRODUCER_PATH }),
      },
    );
  });
});
