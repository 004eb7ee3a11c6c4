/**
 * What the edge tests run inside of workerd: a Durable Object with logs in it. The first part of a path names the
 * object, the second one says what it shall do.
 */
import { durableObjectStorage } from "../../adapters/durable-object/storage.ts";
import { type Log, openLog } from "../../src/index.ts";
import { conformance } from "./objects/conformance.ts";
import { live, recover } from "./objects/crash.ts";
import type { ObjectContext } from "./objects/context.ts";
import { fill, openCold } from "./objects/start.ts";
import { goOn, receive, sendAway } from "./objects/travel.ts";

interface Environment {
  readonly LOGS: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

export default {
  fetch(request: Request, { LOGS }: Environment): Promise<Response> {
    const name = new URL(request.url).pathname.split("/")[1]!;
    return LOGS.get(LOGS.idFromName(name)).fetch(request);
  },
};

type Action = (context: ObjectContext, request: Request, name: string) => Promise<Response>;

const actions: Readonly<Record<string, Action>> = {
  conformance: async ({ storage }) => new Response(conformance(storage)),
  fill,
  open: openCold,
  import: receive,
  export: sendAway,
  continue: goOn,
  live,
  recover,
};

export class LogObject {
  readonly #context: ObjectContext;
  #log: Promise<Log> | undefined;

  constructor(context: ObjectContext) {
    this.#context = context;
  }

  async fetch(request: Request): Promise<Response> {
    const [name, action] = new URL(request.url).pathname.split("/").slice(1) as [string, string];
    if (action === "append") return this.#append(await request.json());
    if (action === "read") return this.#read();
    return actions[action]!(this.#context, request, name);
  }

  async #opened(): Promise<Log> {
    return (this.#log ??= openLog({
      storage: durableObjectStorage(this.#context.storage),
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
