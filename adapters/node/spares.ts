/**
 * Removed files that are kept under another name, so that a later file gets blocks that the disk has
 * already given out. It does not know what was in them, and nobody above sees them.
 */
import { renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Folder } from "./folder.ts";

export class Spares {
  readonly #folder: Folder;
  readonly #countMax: number;
  /** The paths, each with the folder's count of changes when it had become a spare. */
  readonly #kept = new Map<string, number>();

  constructor(folder: Folder, countMax: number) {
    this.#folder = folder;
    this.#countMax = countMax;
  }

  /**
   * Takes over those of `names` that an earlier process left, and removes what is over `countMax`.
   * Their names are durable: opening the place has flushed them.
   */
  adopt(names: readonly string[]): void {
    for (const name of names.filter(isSpare)) {
      const path = join(this.#folder.path, name);
      if (this.#kept.has(path)) continue;
      if (this.#kept.size < this.#countMax) this.#kept.set(path, 0);
      else {
        unlinkSync(path);
        this.#folder.markChanged();
      }
    }
  }

  /** Turns a file into a spare, and answers whether there was room for one. */
  keep(path: string): boolean {
    if (this.#kept.size >= this.#countMax) return false;
    const spare = this.#unusedPath();
    renameSync(path, spare);
    this.#folder.markChanged();
    this.#kept.set(spare, this.#folder.changes);
    return true;
  }

  /**
   * Hands out the path of a spare that may be overwritten, if there is one. It may once its name as a
   * spare is durable: before that, power loss could bring its old name back over its new bytes.
   */
  take(): string | undefined {
    for (const [spare, changes] of this.#kept) {
      if (!this.#folder.isDurable(changes)) continue;
      this.#kept.delete(spare);
      return spare;
    }
    return undefined;
  }

  #unusedPath(): string {
    let number = 0;
    while (this.#kept.has(join(this.#folder.path, `${prefix}${number}`))) number++;
    return join(this.#folder.path, `${prefix}${number}`);
  }
}

const prefix = "spare-";

export function isSpare(name: string): boolean {
  return name.startsWith(prefix);
}
