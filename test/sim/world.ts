/**
 * Everything that a log knows of the outside: a simulated disk, a clock that stands still unless somebody
 * sleeps, and a hook that hears of each operation before it happens. Nothing in it depends on real time.
 */
import { SimulatedDisk } from "../../adapters/memory/simulated/disk.ts";
import { memoryStorage } from "../../adapters/memory/storage.ts";
import type { Storage } from "../../src/index.ts";
import { type Call, everyMethod, faultyStorage, type Hook } from "../support/faulty-storage.ts";
import { strictStorage, Watch } from "../support/strict-storage.ts";
import { Random } from "./random.ts";

export interface Manner {
  /** Whether the storage answers at once or with promises, and then how many flushes overlap. */
  readonly colour: "sync" | "async";
  readonly flushesAtOnce: number;
  readonly sectorBytes: number;
  /** Up to how many turns of the microtask queue an operation takes, where it takes any. */
  readonly turnsMax: number;
}

export const plain: Manner = { colour: "sync", flushesAtOnce: 1, sectorBytes: 64, turnsMax: 0 };

export interface SimulatedCall extends Call {
  /** The place, as one path. */
  readonly path: string;
}

export type SimulatedHook = (call: SimulatedCall) => ReturnType<Hook>;

/** One machine from its start to its end: after a crash, another begins with what is left of its disk. */
export class World {
  readonly manner: Manner;
  readonly disk: SimulatedDisk;
  readonly storage: Storage;
  /** What was done that the seam does not allow. */
  readonly misuses: string[] = [];
  hook: SimulatedHook | undefined;
  /** Operations that were asked for. */
  operations = 0;
  /** From now on every operation fails, and none reaches the disk. */
  die(): void {
    this.#isDead = true;
    this.disk.die();
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  now = 1_700_000_000_000;
  #elapsed = 0;
  #isDead = false;

  constructor(manner: Manner, disk?: SimulatedDisk, seed = 1) {
    this.manner = manner;
    const random = new Random(seed);
    this.disk = disk ?? new SimulatedDisk({ sectorBytes: manner.sectorBytes });
    this.disk.pass = async () => {
      for (let turns = random.integer(0, manner.turnsMax); turns > 0; turns--) await undefined;
    };
    this.storage = {
      ...memoryStorage({ disk: this.disk, colour: manner.colour }),
      name: "a simulated disk",
      durability: "disk",
      flushesAtOnce: manner.flushesAtOnce,
      now: () => this.now,
      elapsed: () => this.#elapsed,
      sleep: async (ms) => {
        this.#elapsed += ms;
        await new Promise((resolve) => setImmediate(resolve));
      },
    };
    this.storage = this.#watched(this.storage);
  }

  /** Every place gets a hook of its own, which knows the path. */
  #watched(inner: Storage): Storage {
    const watches = new Map<string, Watch>();
    return {
      ...inner,
      open: (path, options) => {
        const joined = path.join("/");
        const watch = watches.get(joined) ?? new Watch(this.misuses);
        watches.set(joined, watch);
        const faulty = faultyStorage(inner, {
          promised: this.manner.colour === "async" ? everyMethod : new Set(),
          hook: () => (call) => this.#heard({ ...call, path: joined }),
        });
        return strictStorage(faulty, watch).open(path, options);
      },
    };
  }

  #heard(call: SimulatedCall): ReturnType<Hook> {
    if (this.isDead) throw new Error("the machine has crashed");
    this.operations++;
    return this.hook?.(call);
  }
}
