/**
 * What retention may drop. The random runs cannot foresee when it works, since that depends on how large
 * segments are, but each time it has dropped records they can tell whether it was allowed to.
 */
import { expect } from "vitest";
import type { Log } from "../../src/index.ts";
import type { LogSettings, Machine } from "../support/machine.ts";
import type { Reference } from "./reference.ts";

export class RetentionCheck {
  readonly #machine: Machine;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #reference: Reference;
  /** The files as they were, by the first offset in them. */
  #sizes: [first: number, bytes: number][] = [];

  constructor(machine: Machine, { retention }: LogSettings, reference: Reference) {
    this.#machine = machine;
    this.#maxBytes = retention?.maxBytes ?? Infinity;
    this.#maxAgeMs = retention?.maxAgeMs ?? Infinity;
    this.#reference = reference;
  }

  get isOn(): boolean {
    return this.#maxBytes < Infinity || this.#maxAgeMs < Infinity;
  }

  async before(_log: Log): Promise<void> {
    if (!this.isOn) return;
    const files = await this.#machine.files();
    this.#sizes = [...files].map(([name, bytes]) => [Number.parseInt(name, 10), bytes.length]);
  }

  /** Follows `log.first`, if it may be there. */
  after(log: Log): void {
    const reference = this.#reference;
    const { first, durable } = log;
    if (!this.isOn || first === reference.first) return;
    expect(first).toBeGreaterThan(reference.first);
    expect(first).toBeLessThanOrEqual(durable);
    const last = this.#sizes.findLast(([base]) => base < first && base >= reference.first);
    const wasTooOld = reference.appended(first - 1) < this.#machine.now - this.#maxAgeMs;
    const wasTooMuch = last === undefined || log.stats().bytes + last[1] > this.#maxBytes;
    expect(wasTooOld || wasTooMuch, `dropping the records before ${first}`).toBe(true);
    reference.first = first;
  }
}
