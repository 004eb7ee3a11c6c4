/**
 * What a random run may do to a log, as plain values that fast-check can make, shrink and print. Where a
 * command needs an offset it holds a fraction, because what offsets there are is known only in the run.
 */
import * as fc from "fast-check";
import type { LogSettings } from "../support/machine.ts";
import type { RecordInput } from "../../src/index.ts";

export type Verb =
  | { readonly do: "append"; readonly record: RecordInput }
  | { readonly do: "appendBatch"; readonly records: RecordInput[] }
  | { readonly do: "stage"; readonly records: RecordInput[] }
  | { readonly do: "flush" }
  | { readonly do: "rotate" }
  | { readonly do: "truncateBefore"; readonly at: number }
  | { readonly do: "truncateAfter"; readonly at: number };

export type Command =
  | Verb
  /** Verbs that are called one after the other, without waiting in between. */
  | { readonly do: "together"; readonly verbs: Verb[] }
  | { readonly do: "pass time"; readonly ms: number }
  | { readonly do: "reopen" }
  | { readonly do: "lose power" }
  | { readonly do: "die" }
  | { readonly do: "read"; readonly from: number; readonly to: number }
  | { readonly do: "offsetAt"; readonly at: number; readonly shift: number };

const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 12 }) },
  { weight: 3, arbitrary: fc.string({ maxLength: 12, unit: "grapheme" }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 30, max: 700 }).map((length) => new Uint8Array(length).fill(length)),
  },
);

/** Near the clock of the machine, before and behind it. */
const timestamp = fc.integer({ min: 1_700_000_000_000 - 3000, max: 1_700_000_000_000 + 9000 });

const record: fc.Arbitrary<RecordInput> = fc.record(
  {
    key: bytes,
    value: bytes,
    headers: fc.dictionary(fc.string({ maxLength: 6 }), bytes, { maxKeys: 3 }),
    timestamp,
    kind: fc.integer({ min: 0, max: 127 }),
  },
  { requiredKeys: [] },
);

const records = fc.array(record, { minLength: 1, maxLength: 6 });
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const append = fc.record({ do: fc.constant("append" as const), record });
const appendBatch = fc.record({ do: fc.constant("appendBatch" as const), records });
const stage = fc.record({ do: fc.constant("stage" as const), records });
const flush = fc.constant({ do: "flush" } as const);
const rotate = fc.constant({ do: "rotate" } as const);
const truncateBefore = fc.record({ do: fc.constant("truncateBefore" as const), at: fraction });
const truncateAfter = fc.record({ do: fc.constant("truncateAfter" as const), at: fraction });

const verb: fc.Arbitrary<Verb> = fc.oneof(
  { weight: 6, arbitrary: append },
  { weight: 3, arbitrary: appendBatch },
  { weight: 3, arbitrary: stage },
  { weight: 2, arbitrary: flush },
  { weight: 2, arbitrary: rotate },
  { weight: 1, arbitrary: truncateBefore },
  { weight: 2, arbitrary: truncateAfter },
);

const command = (crashes: readonly ("lose power" | "die")[]): fc.Arbitrary<Command> =>
  fc.oneof(
    { weight: 12, arbitrary: verb },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("together" as const),
        verbs: fc.array(verb, { minLength: 2, maxLength: 8 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("pass time" as const), ms: fc.integer({ min: 1, max: 2000 }) }),
    },
    { weight: 2, arbitrary: fc.constant({ do: "reopen" } as const) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom(...crashes) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), from: fraction, to: fraction }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("offsetAt" as const),
        at: fraction,
        shift: fc.integer({ min: -2, max: 2 }),
      }),
    },
  );

export const commandsFor = (crashes: readonly ("lose power" | "die")[]): fc.Arbitrary<Command[]> =>
  fc.array(command(crashes), { minLength: 1, maxLength: 40, size: "max" });

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });

export const settings: fc.Arbitrary<LogSettings> = fc.record({
  segment: fc.record({
    maxBytes: fc.constantFrom(200, 700, 3000, 2 ** 26),
    maxAgeMs: rarely(fc.integer({ min: 1, max: 4000 })),
  }),
  retention: rarely(
    fc.record({
      maxBytes: rarely(fc.integer({ min: 0, max: 6000 })),
      maxAgeMs: rarely(fc.integer({ min: 0, max: 6000 })),
    }),
  ),
  durability: fc.constantFrom("strict" as const, "strict" as const, "relaxed" as const),
  maxPendingBytes: fc.constantFrom(1, 600, 2 ** 26),
});
