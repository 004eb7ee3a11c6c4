/**
 * How much of the space of an origin may be used. What the browser tells of its space is an estimate that is
 * sometimes wrong, so it is asked for again and again, and only ever used to stop early.
 */
import { WalError } from "../../src/errors.ts";
import type { Place, StoredFile } from "../../src/storage.ts";

export interface BudgetOptions {
  /** How many bytes the origin may use, everything of the host included, before appends fail. The default is no limit. */
  readonly maxBytes?: number | undefined;
  /** How much of the origin's quota is left to the host. The default is a tenth of it, 64 MiB at most. */
  readonly headroomBytes?: number | undefined;
}

/** After so many bytes the browser is asked again. */
const stepBytes = 4 * 2 ** 20;
/** Behind a refusal, small writes may take so much of the headroom: a truncation has to be written to make room. */
const reserveBytes = 2 ** 20;
const smallBytesMax = 65_536;
const headroomBytesMax = 64 * 2 ** 20;

/** A place that keeps files ready for later, and can give back the space that they take. */
export interface SparingPlace extends Place {
  giveBack(): Promise<void>;
}

export class Budget {
  readonly #options: BudgetOptions;
  /** How many bytes may be written before the browser is asked again. */
  #granted = 0;
  #isRefused = false;
  #reserve = reserveBytes;

  constructor(options: BudgetOptions) {
    for (const name of ["maxBytes", "headroomBytes"] as const) {
      const value = options[name];
      if (value === undefined || value >= 0) continue;
      throw new RangeError(`${name} must be a number of bytes, not ${value}`);
    }
    this.#options = options;
  }

  /** The same place, whose files do not grow beyond the budget. */
  place(place: Place | SparingPlace): Place {
    return {
      list: () => place.list(),
      open: async (name) => this.#file(place, await place.open(name)),
      create: async (name) => this.#file(place, await told(async () => place.create(name))),
      remove: async (name, options) => {
        await place.remove(name, options);
        // There may be more room than there was.
        this.#granted = 0;
      },
      close: () => place.close(),
    };
  }

  /** What is written over old bytes takes no space. */
  async #file(place: Place | SparingPlace, file: StoredFile): Promise<StoredFile> {
    let taken = await file.size();
    return {
      size: () => file.size(),
      read: (target, position) => file.read(target, position),
      write: async (source, position) => {
        const growth = position + source.length - taken;
        if (growth > 0) {
          await this.#take(place, growth);
          taken += growth;
        }
        return told(async () => file.write(source, position));
      },
      truncate: async (size) => {
        await file.truncate(size);
        taken = Math.min(taken, size);
      },
      flush: () => told(async () => file.flush()),
      close: () => file.close(),
    };
  }

  async #take(place: Place | SparingPlace, bytes: number): Promise<void> {
    if (this.#granted < bytes) await this.#ask(place, bytes);
    this.#granted -= bytes;
  }

  async #ask(place: Place | SparingPlace, bytes: number): Promise<void> {
    let left = await this.#spaceLeft();
    if (left < bytes && "giveBack" in place) {
      // Those that cannot be emptied go on taking their space.
      await place.giveBack().catch(() => undefined);
      left = await this.#spaceLeft();
    }
    if (left < bytes && this.#isRefused && bytes <= smallBytesMax && bytes <= this.#reserve) {
      this.#reserve -= bytes;
      this.#granted = bytes;
      return;
    }
    this.#isRefused = left < bytes;
    if (this.#isRefused) {
      const message = `the origin may use ${Math.max(0, Math.floor(left))} bytes more, and ${bytes} are needed`;
      throw new WalError("FULL", `${message}: truncate the log, or raise the budget`);
    }
    this.#reserve = reserveBytes;
    this.#granted = Math.min(left, Math.max(bytes, stepBytes));
  }

  /** What is not known is not forbidden: the write itself will tell. */
  async #spaceLeft(): Promise<number> {
    const storage = (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage;
    const { quota, usage } = (await storage?.estimate?.().catch(() => undefined)) ?? {};
    if (quota === undefined || usage === undefined) return Infinity;
    const { maxBytes = Infinity, headroomBytes = Math.min(headroomBytesMax, quota / 10) } = this.#options;
    return Math.min(quota - headroomBytes, maxBytes) - usage;
  }
}

/** Whatever the browser says when its space is used up, it is told as `FULL`. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as Error | undefined)?.name !== "QuotaExceededError") throw error;
    throw new WalError("FULL", "the origin has used up its space", { cause: error });
  }
}
