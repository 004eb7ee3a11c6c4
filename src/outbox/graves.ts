/** Moves records from the queue to the dead letters, without a moment at which they are in neither. */
import type { DeadLetter, DeadLetters, Note } from "./dead-letters.ts";
import type { Emit } from "./events.ts";
import type { Journal } from "./journal.ts";
import type { Entry } from "./lanes.ts";

export type Cause = Omit<Note, "id" | "attempts" | "time">;

export class Graves {
  readonly #journal: Journal;
  readonly #dead: DeadLetters;
  readonly #emit: Emit;
  readonly #now: () => number;

  constructor(journal: Journal, dead: DeadLetters, emit: Emit, now: () => number) {
    this.#journal = journal;
    this.#dead = dead;
    this.#emit = emit;
    this.#now = now;
  }

  /** Resolves when the entry is durably dead. Rejects when it is still in the queue. */
  async bury(entry: Entry, cause: Cause): Promise<void> {
    const [record] = await this.#journal.read([entry]);
    const { attempts } = entry;
    const note = { ...cause, id: this.#journal.idOf(entry), attempts, time: this.#now() };
    const letter = await this.#dead.bury(record!, note);
    this.#journal.settle([entry]);
    void this.#reveal(letter);
  }

  /** Retried before its record is settled for good, it could be there twice after a crash. */
  async #reveal(letter: DeadLetter): Promise<void> {
    await this.#journal.written();
    this.#dead.reveal(letter);
    this.#emit("dead", letter);
    this.#emit("change", undefined);
  }
}
