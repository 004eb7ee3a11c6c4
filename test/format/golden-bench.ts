/**
 * What the scripts of the golden logs share: a disk with a clock that stands still until it is told
 * otherwise, and a few verbs. A golden log is described by a `Golden`.
 */
import { type MemoryDisk, memoryStorage } from "../../adapters/memory/storage.ts";
import { type Log, openLog, type OpenLogOptions, type Storage } from "../../src/index.ts";

export type Colour = "sync" | "async";

export interface Golden {
  /** Its folder, and one sentence about it. */
  readonly name: string;
  readonly about: string;
  readonly topic: string;
  readonly partition: number;
  /** The folder of the log on the disk that `write` answers. */
  readonly path: string;
  readonly write: (bench: Bench) => Promise<MemoryDisk>;
}

/** A disk with a clock. */
export class Bench {
  readonly colour: Colour;
  /** In milliseconds since 1970. */
  clock = Date.UTC(2024, 1, 29, 12);
  disk: MemoryDisk;
  constructor(colour: Colour, disk: MemoryDisk) {
    this.colour = colour;
    this.disk = disk;
  }

  get storage(): Storage {
    return memoryStorage({ colour: this.colour, disk: this.disk, now: () => this.clock });
  }

  open(options: Partial<OpenLogOptions> & { topic: string }): Promise<Log> {
    return openLog({ storage: this.storage, ...options });
  }
}

export const plain = (name: string) => ({ name, topic: name, partition: 0, path: `${name}/0` });

export async function appendValues(log: Log, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await log.append({ value: `value ${i}` });
}
