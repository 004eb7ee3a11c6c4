/**
 * The connection to the database of one place, which a browser may close at any time. It is opened again
 * when it is needed again, once for each piece of work, and only if it is still the same database.
 */
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB, unwrap } from "idb";
import { WalError } from "../../src/errors.ts";

/** What a database holds. Its stores have keys of their own. */
export interface Schema extends DBSchema {
  /** By name. */
  files: { key: string; value: { readonly size: number } };
  /** By name and number. */
  chunks: { key: [string, number]; value: Uint8Array };
  /** `identity` tells a database from another one that came to have its name. */
  about: { key: string; value: string };
}

export type StoreName = "files" | "chunks";
export type ReadTransaction = IDBPTransaction<Schema, StoreName[], "readonly">;
export type WriteTransaction = IDBPTransaction<Schema, StoreName[], "readwrite">;

/** Asks for all that a transaction is to change, one after the other, so that each answer is waited for. */
export type Ask = (transaction: WriteTransaction) => Generator<Promise<unknown>, void>;

const both: StoreName[] = ["files", "chunks"];

/** How long opening may be held up by somebody who is about to delete the database, in ms. */
const openMsMax = 10_000;

export class Connection {
  readonly name: string;
  #database: IDBPDatabase<Schema> | undefined;
  #opening: Promise<IDBPDatabase<Schema>> | undefined;
  #identity: string | undefined;
  #isClosed = false;
  /** Those who wait for a transaction on the database that is open now. */
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(name: string) {
    this.name = name;
  }

  /** Connects for the first time. Answers whether there is such a database, which it makes if `create` says so. */
  async connect({ create }: { readonly create: boolean }): Promise<boolean> {
    const database = await attemptTwice(() => open(this.name, create, () => this.#lost()));
    if (database === undefined) return false;
    this.#identity = (await identityOf(database)) ?? "";
    this.#database = database;
    return true;
  }

  async read(): Promise<ReadTransaction> {
    const transaction = await this.#begin((database) => database.transaction(both, "readonly"));
    quiet(transaction.done);
    return transaction;
  }

  /** Changes the database in one transaction, which has completed then. Answers whether it was a strict one. */
  async change(durability: "strict" | "relaxed", ask: Ask): Promise<boolean> {
    const transaction = await this.#begin((database) =>
      database.transaction(both, "readwrite", { durability }),
    );
    await this.#commit(transaction, ask);
    return isStrict(transaction);
  }

  close(): void {
    this.#isClosed = true;
    this.#database?.close();
    this.#database = undefined;
  }

  /** Nothing was done yet when a transaction cannot begin, so that it is tried again on a new connection. */
  async #begin<T>(begin: (database: IDBPDatabase<Schema>) => T): Promise<T> {
    if (this.#database !== undefined) {
      try {
        return begin(this.#database);
      } catch (error) {
        if ((error as Error).name !== "InvalidStateError") throw error;
        this.#lost();
      }
    }
    return begin(await this.#again());
  }

  async #again(): Promise<IDBPDatabase<Schema>> {
    if (this.#isClosed) throw new Error(`database ${this.name} was closed`);
    this.#opening ??= this.#reopen().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #reopen(): Promise<IDBPDatabase<Schema>> {
    const database = await attemptTwice(() => open(this.name, false, () => this.#lost()));
    const identity = database && (await identityOf(database));
    if (database !== undefined && identity === this.#identity && !this.#isClosed) {
      this.#database = database;
      return database;
    }
    database?.close();
    const message = `database ${this.name} is gone: it was deleted, or the browser has evicted it`;
    throw new WalError("UNAVAILABLE", message, { log: this.name });
  }

  /** As `committed`, and rejects when the connection is lost, of which a transaction need not hear. */
  async #commit(transaction: WriteTransaction, ask: Ask): Promise<void> {
    let fail!: (error: Error) => void;
    const lost = new Promise<never>((_, reject) => (fail = reject));
    this.#waiting.add(fail);
    try {
      await Promise.race([committed(transaction, ask), lost]);
    } finally {
      this.#waiting.delete(fail);
    }
  }

  #lost(): void {
    this.#database?.close();
    this.#database = undefined;
    for (const fail of this.#waiting) fail(new Error(`the connection to database ${this.name} was lost`));
  }
}

/** Resolves when the transaction has completed. If anything of it cannot be asked for, none of it is done. */
async function committed(transaction: WriteTransaction, ask: Ask): Promise<void> {
  const work = [quiet(transaction.done)];
  try {
    for (const each of ask(transaction)) work.push(quiet(each));
    transaction.commit();
  } catch (error) {
    abort(transaction);
    throw error;
  }
  await Promise.all(work);
}

function abort(transaction: WriteTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended.
  }
}

/** The same promise, of whose failure somebody hears who waits for something else. */
function quiet(promise: Promise<unknown>): Promise<unknown> {
  promise.catch(() => undefined);
  return promise;
}

/** Whether a transaction is as durable as was asked for. Older browsers do not say. */
function isStrict(transaction: WriteTransaction): boolean {
  return (unwrap(transaction) as { durability?: string }).durability === "strict";
}

async function open(
  name: string,
  create: boolean,
  lost: () => void,
): Promise<IDBPDatabase<Schema> | undefined> {
  let isMissing = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLate = false;
  const opening = openDB<Schema>(name, 1, {
    upgrade(database, _oldVersion, _newVersion, transaction) {
      quiet(transaction.done);
      if (!create) {
        isMissing = true;
        transaction.abort();
        return;
      }
      database.createObjectStore("files");
      database.createObjectStore("chunks");
      quiet(database.createObjectStore("about").put(newIdentity(), "identity"));
    },
    blocking: lost,
    terminated: lost,
  });
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(new Error(`database ${name} is blocked: another tab keeps it from being deleted`));
    }, openMsMax);
  });
  // One that opens too late after all is nobody's.
  void opening.then((database) => isLate && database.close()).catch(() => undefined);
  try {
    return await Promise.race([opening, late]);
  } catch (error) {
    if (isMissing) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** "Connection lost" and "opening backing store" pass as a rule. */
async function attemptTwice<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch {
    await new Promise((wake) => setTimeout(wake, 100));
    return attempt();
  }
}

function identityOf(database: IDBPDatabase<Schema>): Promise<string | undefined> {
  const transaction = database.transaction("about");
  quiet(transaction.done);
  return transaction.store.get("identity");
}

function newIdentity(): string {
  return Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join("");
}
