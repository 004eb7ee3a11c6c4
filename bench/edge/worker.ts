/** What runs inside of workerd: a Durable Object that appends to a log, or inserts into a table of its own, until all is durable. */
import { durableObjectStorage, type ObjectStorage } from "../../adapters/durable-object/storage.ts";
import { type Log, openLog } from "../../src/index.ts";

interface Environment {
  readonly LOGS: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

interface Work {
  readonly bytes: number;
  /** How many times in turn. */
  readonly times: number;
  /** How many records each time, whose answers are awaited together. */
  readonly atOnce: number;
}

export default {
  /** The path names the object, and what it does. */
  fetch(request: Request, { LOGS }: Environment): Promise<Response> {
    return LOGS.get(LOGS.idFromName(new URL(request.url).pathname)).fetch(request);
  },
};

export class LogObject {
  readonly #storage: ObjectStorage;
  #log: Log | undefined;

  constructor({ storage }: { readonly storage: ObjectStorage }) {
    this.#storage = storage;
  }

  async fetch(request: Request): Promise<Response> {
    const work: Work = await request.json();
    const { pathname } = new URL(request.url);
    if (pathname === "/walkabout") await this.#append(work);
    else if (pathname === "/inserts") await this.#insert(work);
    else return new Response("unknown work", { status: 404 });
    return new Response("durable");
  }

  async #append({ bytes, times, atOnce }: Work): Promise<void> {
    const log = (this.#log ??= await openLog({
      storage: durableObjectStorage(this.#storage),
      topic: "bench",
      segment: { maxBytes: 2 ** 20 },
      retention: { maxBytes: 2 ** 22 },
    }));
    const value = new Uint8Array(bytes).fill(120);
    const values = Array.from({ length: atOnce }, () => value);
    for (let time = 0; time < times; time++) {
      await Promise.all(values.map((each) => log.append({ value: each })));
    }
  }

  async #insert({ bytes, times, atOnce }: Work): Promise<void> {
    const { sql } = this.#storage;
    sql.exec("CREATE TABLE IF NOT EXISTS plain (id INTEGER PRIMARY KEY, value BLOB)");
    const value = new Uint8Array(bytes).fill(120);
    for (let time = 0; time < times; time++) {
      for (let index = 0; index < atOnce; index++) {
        sql.exec("INSERT INTO plain (value) VALUES (?)", value);
      }
      await this.#storage.sync();
    }
  }
}
