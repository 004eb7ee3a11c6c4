/**
 * One file of the simulated disk: what reads see, what is on the platter, and every sector on its way
 * from the one to the other. A flush takes them all there; a loss of power takes some of them. It knows
 * nothing of names, and chooses nothing: whoever breaks it says how.
 */
import type { FileBytes } from "../storage.ts";

/** A sector as it was when it was written, or a new length. Nothing else ever reaches the platter. */
type Change = { readonly sequence: number } & (
  | { readonly sector: number; readonly bytes: Uint8Array }
  | { readonly truncatedTo: number }
);

/** Whether a change that was not flushed survives, by its place in the order of all changes of a disk. */
export type Keeps = (sequence: number) => boolean;

/**
 * What becomes of the bytes of a flush that fails. They read back fine in each case.
 *
 * - `lost`: they never reach the platter; what is written over them later does.
 * - `refused`: they never do, and nothing that is written in their place later does either, until the
 *   file is truncated below them and flushed.
 * - `some`: some sectors have reached it, and the others are lost.
 * - `kept`: all have reached it, and the flush fails all the same.
 */
export type FailedFlush = "lost" | "refused" | "some" | "kept";

export interface DiskClock {
  readonly sectorBytes: number;
  /** The place of the next change in the order of all changes of the disk. */
  next(): number;
  /** The place that the next change will have. */
  readonly now: number;
  /** Throws when the machine has crashed: what comes now comes too late. */
  assertAlive(): void;
}

export class SimulatedFile implements FileBytes {
  readonly #clock: DiskClock;
  #seen = new Uint8Array(0);
  #size = 0;
  #platter = new Uint8Array(0);
  #platterSize = 0;
  #changes: Change[] = [];
  #refused = new Set<number>();
  /** Where the next sector that is flushed goes instead of its own place. */
  #stray: number | undefined;

  constructor(clock: DiskClock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  /** The place of its oldest change that is not on the platter, or Infinity. */
  get oldestUnflushed(): number {
    return this.#changes[0]?.sequence ?? Infinity;
  }

  read(target: Uint8Array, position: number): number {
    const end = Math.min(position + target.length, this.#size);
    if (end <= position) return 0;
    target.set(this.#seen.subarray(position, end));
    return end - position;
  }

  write(source: Uint8Array, position: number): number {
    this.#clock.assertAlive();
    if (source.length === 0) return 0;
    const end = position + source.length;
    this.#seen = grown(this.#seen, end);
    this.#seen.set(source, position);
    this.#size = Math.max(this.#size, end);
    const { sectorBytes } = this.#clock;
    for (let sector = Math.floor(position / sectorBytes); sector * sectorBytes < end; sector++) {
      const from = sector * sectorBytes;
      const bytes = this.#seen.slice(from, Math.min(from + sectorBytes, this.#size));
      this.#changes.push({ sequence: this.#clock.next(), sector, bytes });
    }
    return source.length;
  }

  truncate(size: number): void {
    this.#clock.assertAlive();
    this.#seen = resized(this.#seen, this.#size, size);
    this.#size = size;
    this.#changes.push({ sequence: this.#clock.next(), truncatedTo: size });
  }

  /** Takes the changes before `until` to the platter. */
  flush(until: number): void {
    this.#clock.assertAlive();
    const [due, later] = this.#split(until);
    this.#changes = later;
    for (const change of due) {
      this.#apply(change);
      if (!("truncatedTo" in change)) continue;
      const { sectorBytes } = this.#clock;
      for (const sector of this.#refused) {
        if ((sector + 1) * sectorBytes > change.truncatedTo) this.#refused.delete(sector);
      }
    }
  }

  /** As `flush`, when it fails: `keeps` chooses what has reached the platter of `some`. */
  failFlush(until: number, how: FailedFlush, keeps: Keeps): void {
    if (how === "kept") return this.flush(until);
    const [due, later] = this.#split(until);
    this.#changes = later;
    for (const change of due) {
      if (how === "some" && keeps(change.sequence)) this.#apply(change);
      if (how === "refused" && "sector" in change) this.#refused.add(change.sector);
    }
  }

  /** The next sector that is flushed is written to `sector` instead of its own place. */
  misdirect(sector: number): void {
    this.#stray = sector;
  }

  /** Flips a bit, on the platter and in what reads see. Answers whether there was one. */
  rot(position: number, mask: number): boolean {
    if (position >= this.#platterSize || position >= this.#size) return false;
    this.#platter[position] ^= mask;
    this.#seen[position] ^= mask;
    return true;
  }

  /** What a loss of power leaves. */
  survivor(clock: DiskClock, keeps: Keeps): SimulatedFile {
    const file = this.copy(clock);
    for (const change of this.#changes) if (keeps(change.sequence)) file.#apply(change);
    file.#changes = [];
    file.#refused.clear();
    file.#size = file.#platterSize;
    file.#seen = file.#platter.slice();
    return file;
  }

  /** The same, with everything that is on its way. */
  copy(clock: DiskClock): SimulatedFile {
    const file = new SimulatedFile(clock);
    file.#seen = this.#seen.slice(0, this.#size);
    file.#size = this.#size;
    file.#platter = this.#platter.slice(0, this.#platterSize);
    file.#platterSize = this.#platterSize;
    file.#changes = [...this.#changes];
    file.#refused = new Set(this.#refused);
    return file;
  }

  #split(until: number): [Change[], Change[]] {
    const isDue = ({ sequence }: Change): boolean => sequence < until;
    return [this.#changes.filter(isDue), this.#changes.filter((change) => !isDue(change))];
  }

  #apply(change: Change): void {
    if ("truncatedTo" in change) {
      this.#platter = resized(this.#platter, this.#platterSize, change.truncatedTo);
      this.#platterSize = change.truncatedTo;
      return;
    }
    const sector = this.#stray ?? change.sector;
    this.#stray = undefined;
    const from = sector * this.#clock.sectorBytes;
    const end = from + change.bytes.length;
    this.#platter = grown(this.#platter, end);
    // A file grows all the same; what was refused reads as zeros then.
    if (!this.#refused.has(sector)) this.#platter.set(change.bytes, from);
    this.#platterSize = Math.max(this.#platterSize, end);
  }
}

function resized(bytes: Uint8Array<ArrayBuffer>, before: number, size: number): Uint8Array<ArrayBuffer> {
  const result = grown(bytes, size);
  result.fill(0, Math.min(size, before), Math.max(size, before));
  return result;
}

function grown(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (size <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.max(size, bytes.length * 2, 512));
  larger.set(bytes);
  return larger;
}
