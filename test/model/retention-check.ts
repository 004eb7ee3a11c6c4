/**
 * What retention may drop. The random runs cannot foresee when it works, since that depends on how large
 * segments are, but each time it has dropped records they can tell whether it was allowed to.
 */
import { expect } from "vitest";
import type { Log } from "../../src/index.ts";
import type { Call } from "../support/faulty-storage.ts";
import type { LogSettings, Machine } from "../support/machine.ts";
import type { Reference } from "./reference.ts";

export class RetentionCheck {
  readonly #machine: Machine;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #reference: Reference;
  /** How far each file has been written, by the first offset in it. */
  readonly #sizes = new Map<number, number>();

  constructor(machine: Machine, { retention }: LogSettings, reference: Reference) {
    this.#machine = machine;
    this.#maxBytes = retention?.maxBytes ?? Infinity;
    this.#maxAgeMs = retention?.maxAgeMs ?? Infinity;
    this.#reference = reference;
    if (this.isOn) machine.watch = (call) => this.#note(call);
  }

  get isOn(): boolean {
    return this.#maxBytes < Infinity || this.#maxAgeMs < Infinity;
  }

  /** Follows `log.first`, if it may be there. */
  follow(log: Log): void {
    const reference = this.#reference;
    const { first, durable } = log;
    if (!this.isOn || first === reference.first) return;
    expect(first).toBeGreaterThan(reference.first);
    expect(first).toBeLessThanOrEqual(durable);
    const dropped = [...this.#sizes].filter(([base]) => base < first).map(([, bytes]) => bytes);
    const wasTooOld = reference.appended(first - 1) < this.#machine.now - this.#maxAgeMs;
    const wasTooMuch = log.stats().bytes + Math.max(...dropped) > this.#maxBytes;
    expect(wasTooOld || wasTooMuch, `dropping the records before ${first}`).toBe(true);
    reference.first = first;
  }

  #note({ op, name, position, length }: Call): void {
    if (op !== "write") return;
    const base = Number.parseInt(name, 10);
    this.#sizes.set(base, Math.max(this.#sizes.get(base) ?? 0, position! + length!));
  }
}
