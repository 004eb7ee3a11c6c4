/**
 * Random verbs with random faults, as plain values: which operations fail while the verb is at work, how,
 * and whether the machine then loses power, at once or in the middle.
 */
import * as fc from "fast-check";
import type { Fault } from "../support/faulty-storage.ts";
import { diskError, failing, failingAfterwards, miscounting } from "../support/faults.ts";
import type { Hook, Operation } from "../support/faulty-storage.ts";

export type Verb =
  | { readonly do: "append"; readonly count: number }
  | { readonly do: "appendBatch"; readonly count: number }
  | { readonly do: "stage"; readonly count: number }
  | { readonly do: "rotate" }
  | { readonly do: "truncateBefore"; readonly at: number }
  | { readonly do: "truncateAfter"; readonly at: number }
  | { readonly do: "reopen" };

export interface Trouble {
  readonly op: Operation;
  readonly after: number;
  readonly times: number;
  readonly how: "before" | "afterwards" | "short" | "overlong";
}

export interface Command {
  readonly verb: Verb;
  readonly troubles: readonly Trouble[];
  /** Whether the machine crashes when the verb has ended, or before which change of the disk. */
  readonly crash: "no" | "power" | "process" | number;
}

const count = fc.integer({ min: 1, max: 4 });
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const verb: fc.Arbitrary<Verb> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("append" as const), count }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("appendBatch" as const), count }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stage" as const), count }) },
  { weight: 3, arbitrary: fc.constant({ do: "rotate" } as const) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("truncateBefore" as const), at: fraction }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("truncateAfter" as const), at: fraction }) },
  { weight: 2, arbitrary: fc.constant({ do: "reopen" } as const) },
);

const trouble: fc.Arbitrary<Trouble> = fc.record({
  op: fc.constantFrom(
    "write",
    "flush",
    "flush",
    "create",
    "remove",
    "remove",
    "truncate",
    "read",
    "close",
    "size",
  ),
  after: fc.integer({ min: 0, max: 4 }),
  times: fc.constantFrom(1, 1, 1, 2, 100),
  how: fc.constantFrom("before", "afterwards", "short", "overlong"),
});

const crash: fc.Arbitrary<Command["crash"]> = fc.oneof(
  { weight: 6, arbitrary: fc.constant("no" as const) },
  { weight: 1, arbitrary: fc.constant("power" as const) },
  { weight: 1, arbitrary: fc.constant("process" as const) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8 }) },
);

export const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.record({ verb, troubles: fc.array(trouble, { maxLength: 2 }), crash }),
  { minLength: 1, maxLength: 25, size: "max" },
);

export function hookOf({ op, after, times, how }: Trouble): Hook {
  // The lock of a place that cannot be closed stays with its holder.
  const target = { op, after, times, ...(op === "close" && { name: ".wal" }) };
  if (op === "write" && how === "short") return miscounting(target, half);
  if (op === "write" && how === "overlong") return miscounting(target, () => ({ answer: 4_294_967_288 }));
  return how === "before" ? failing(target, diskError) : failingAfterwards(target, diskError);
}

function half({ length }: { readonly length?: number }): Omit<Fault, "afterwards"> {
  return { bytes: length! >> 1 };
}
