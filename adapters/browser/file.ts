/** A place and its files that live in a worker. */
import type { Durability, StoredFile } from "../../src/storage.ts";
import type { SparingPlace } from "../web/budget.ts";
import type { Connection } from "./connection.ts";

/** Calls `closed` when it has been closed. */
export class RemotePlace implements SparingPlace {
  readonly #connection: Connection;
  readonly #place: number;
  readonly #closed: () => void;

  constructor(connection: Connection, place: number, closed: () => void) {
    this.#connection = connection;
    this.#place = place;
    this.#closed = closed;
  }

  async list(): Promise<readonly string[]> {
    return (await this.#connection.call({ op: "list", place: this.#place })) as readonly string[];
  }

  async open(name: string): Promise<StoredFile> {
    return this.#file((await this.#connection.call({ op: "openFile", place: this.#place, name })) as number);
  }

  async create(name: string): Promise<StoredFile> {
    return this.#file((await this.#connection.call({ op: "create", place: this.#place, name })) as number);
  }

  async remove(name: string, { reuse }: { readonly reuse: boolean }): Promise<void> {
    await this.#connection.call({ op: "remove", place: this.#place, name, reuse });
  }

  async giveBack(): Promise<void> {
    await this.#connection.call({ op: "giveBack", place: this.#place });
  }

  async close(): Promise<void> {
    try {
      await this.#connection.call({ op: "closePlace", place: this.#place });
    } finally {
      this.#closed();
    }
  }

  #file(file: number): StoredFile {
    return remoteFile(this.#connection, file);
  }
}

/**
 * A write is sent and not waited for, so that it travels with the flush behind it. The worker does what it is told
 * in order, and lets the flush fail when the write has failed.
 */
function remoteFile(connection: Connection, file: number): StoredFile {
  return {
    size: async () => (await connection.call({ op: "size", file })) as number,
    async read(target, position) {
      const { length } = target;
      const bytes = (await connection.call({ op: "read", file, position, length })) as Uint8Array;
      target.set(bytes);
      return bytes.length;
    },
    async write(source, position) {
      const bytes = source.slice();
      connection.send({ op: "write", file, position, bytes }, [bytes.buffer]);
      return source.length;
    },
    async truncate(size) {
      await connection.call({ op: "truncate", file, size });
    },
    flush: async () => (await connection.call({ op: "flush", file })) as Durability | undefined,
    async close() {
      await connection.call({ op: "closeFile", file });
    },
  };
}
