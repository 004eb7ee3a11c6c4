/**
 * What the edge tests run inside of workerd: a Durable Object with a log in it, which appends what it is sent
 * and answers when it is durable, and an object that runs the conformance suites on itself.
 */
import { durableObjectStorage, type ObjectStorage } from "../../adapters/durable-object/storage.ts";
import { type ConformanceOptions, testLog, testStorage } from "../../src/conformance/index.ts";
import { type Log, openLog, type Storage } from "../../src/index.ts";

interface Environment {
  readonly LOGS: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

export default {
  /** The first part of the path names the object. */
  fetch(request: Request, { LOGS }: Environment): Promise<Response> {
    const name = new URL(request.url).pathname.split("/")[1]!;
    return LOGS.get(LOGS.idFromName(name)).fetch(request);
  },
};

export class LogObject {
  readonly #storage: ObjectStorage;
  #log: Promise<Log> | undefined;

  constructor({ storage }: { readonly storage: ObjectStorage }) {
    this.#storage = storage;
  }

  async fetch(request: Request): Promise<Response> {
    const action = new URL(request.url).pathname.split("/")[2];
    if (action === "conformance") return new Response(conformance(this.#storage));
    if (action === "append") return this.#append(await request.json());
    if (action === "read") return this.#read();
    return new Response("unknown action", { status: 404 });
  }

  async #opened(): Promise<Log> {
    return (this.#log ??= openLog({
      storage: durableObjectStorage(this.#storage),
      topic: "orders",
      segment: { maxBytes: 20_000 },
    }));
  }

  async #append(values: readonly string[]): Promise<Response> {
    const log = await this.#opened();
    const acks = await Promise.all(values.map((value) => log.append({ value })));
    return Response.json(acks.map(({ offset, durability }) => ({ offset, durability })));
  }

  async #read(): Promise<Response> {
    const log = await this.#opened();
    const values: string[] = [];
    for await (const { offset, value } of log.read()) values[offset] = new TextDecoder().decode(value);
    return Response.json({ values, recovery: log.recovery });
  }
}

/** Runs every check, and streams a line of JSON for each. */
function conformance(objectStorage: ObjectStorage): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const report = (line: object): Promise<void> => {
    return writer.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  };
  void (async () => {
    for (const { name, run, skipped } of checksOf(objectStorage)) {
      if (skipped) {
        await report({ name, state: "skipped" });
        continue;
      }
      const failure = await run().then(
        () => undefined,
        (error: unknown) => String((error as Error).stack ?? error),
      );
      await report({ name, state: failure === undefined ? "passed" : "failed", failure });
    }
    await writer.close();
  })();
  return readable;
}

interface Check {
  readonly name: string;
  readonly run: () => Promise<void>;
  readonly skipped: boolean;
}

function checksOf(objectStorage: ObjectStorage): Check[] {
  const checks: Check[] = [];
  const folders = new WeakMap<Storage, string>();
  let opened = 0;
  const on = (folder: string): Storage => {
    const storage = inFolder(durableObjectStorage(objectStorage), folder);
    folders.set(storage, folder);
    return storage;
  };
  const backend: ConformanceOptions = {
    test: (name, run) => checks.push({ name, run, skipped: false }),
    skip: (name, run) => checks.push({ name, run, skipped: true }),
    open: () => on(`check-${opened++}`),
    again: (storage) => on(folders.get(storage)!),
    readBeside: true,
    holdElsewhere: "an object runs once at a time, so that nobody else can hold its places",
    losePower: "nothing inside of an object can take its power; see test/edge/run.mjs",
  };
  testStorage(backend);
  testLog(backend);
  return checks;
}

/** A storage that keeps to a part of another one. */
function inFolder(storage: Storage, folder: string): Storage {
  return {
    ...storage,
    open: (path, options) => storage.open([folder, ...path], options),
    list: (path) => storage.list([folder, ...path]),
  };
}
