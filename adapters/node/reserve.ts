/**
 * Space that a place keeps for when its disk is full: enough to write down that records are forgotten, which is
 * what makes room again. It is a file of zeros, of which nothing needs to be durable.
 */
import { existsSync, rmSync, unlinkSync, writeFileSync } from "node:fs";

/** As much as there is room for. The least is enough for a new segment without many producers. */
const sizes = [256 * 1024, 64 * 1024, 16 * 1024, 4096];

export const reserveName = "reserve";

export class Reserve {
  readonly #path: string;
  #isKept: boolean;

  constructor(path: string) {
    this.#path = path;
    this.#isKept = existsSync(path);
    this.keep();
  }

  /** Keeps it from now on, if there is room for it. */
  keep(): void {
    for (const size of sizes) if (!this.#isKept) this.#isKept = this.#fill(size);
  }

  /** Gives it back to the disk, and answers whether there was any. */
  spend(): boolean {
    if (!this.#isKept) return false;
    this.#isKept = false;
    try {
      unlinkSync(this.#path);
      return true;
    } catch {
      return false;
    }
  }

  #fill(size: number): boolean {
    try {
      writeFileSync(this.#path, new Uint8Array(size));
      return true;
    } catch {
      rmSync(this.#path, { force: true });
      return false;
    }
  }
}
