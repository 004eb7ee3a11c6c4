/**
 * Files that are no longer part of the log and wait to be removed. That they are still there does no
 * harm, so a removal that fails is no failure of the verb that wanted it: it is tried again later.
 */
import type { Files } from "./files.ts";

export interface Leftover {
  readonly name: string;
  /** Whether the storage may recycle it. */
  readonly reuse: boolean;
  /** Whether its removal must be durable before the next one. */
  readonly alone: boolean;
}

export class Leftovers {
  readonly #files: Files;
  readonly #queue: Leftover[] = [];
  /** Whether the last removal must become durable before the next one, and may not be. */
  #isPending = false;

  constructor(files: Files) {
    this.#files = files;
  }

  /** Whether more could be removed if only a flush succeeded. */
  get isHeldUp(): boolean {
    return this.#isPending && this.#queue.length > 0;
  }

  /** Every removal so far is durable. */
  flushed(): void {
    this.#isPending = false;
  }

  add(...leftovers: readonly Leftover[]): void {
    this.#queue.push(...leftovers);
  }

  /**
   * Removes them one after the other, in their order, and stops at the first that fails. Calls
   * `removed` after each, and `flush`, which may throw, where a removal must be durable before the next:
   * if it throws, the next time begins with it.
   */
  async remove(removed: (name: string) => void, flush: () => Promise<void>): Promise<void> {
    while (this.#queue.length > 0) {
      const { name, reuse, alone } = this.#queue[0]!;
      if (this.#isPending) await flush();
      this.#isPending = false;
      if (!(await this.tryRemove(name, reuse))) return;
      this.#queue.shift();
      this.#isPending = alone;
      removed(name);
    }
  }

  /** Whether the file is gone, be it by this removal or before. */
  async tryRemove(name: string, reuse: boolean): Promise<boolean> {
    try {
      await this.#files.remove(name, { reuse });
      return true;
    } catch {
      const names = await this.#files.list().catch(() => [name]);
      return !names.includes(name);
    }
  }
}
