/**
 * The storage for web applications, in pages and workers alike: it takes the best that the browser has, says what
 * and why, and leaves the host page its space.
 */
import { WalError } from "../../src/errors.ts";
import type { Place, Storage } from "../../src/storage.ts";
import { indexedDbStorage } from "../indexeddb/storage.ts";
import { opfsStorage, type OpfsStorageOptions, whyNoHandles } from "../opfs/storage.ts";
import { Budget, type BudgetOptions } from "../web/budget.ts";
import { clock } from "../web/clock.ts";
import { withWebLock } from "../web/lock.ts";
import { Connection } from "./connection.ts";
import { RemotePlace } from "./file.ts";
import { chooseHome, type Chosen, type Home, type Homes } from "./home.ts";
import { diagnose, memories, type Notice } from "./notices.ts";
import type { WorkerSource } from "./worker-source.ts";

export type { Home, Notice };
export type { NoticeCode } from "./notices.ts";
export type { WorkerLike, WorkerSource } from "./worker-source.ts";

export interface BrowserStorageOptions extends BudgetOptions {
  /** What the folder and the databases are called, `walkabout` by default. */
  readonly name?: string | undefined;
  /**
   * The worker that has the handles when this is a page: `walkabout/browser/worker`, started, or where it is,
   * or how to start it. Without it, the bundler's way of finding workers is used (Vite, webpack). One that was started
   * by somebody else cannot be started again when it dies.
   */
  readonly worker?: WorkerSource | undefined;
  /** Where new logs are made. The default is `opfs` where it works. */
  readonly prefer?: Home | undefined;
  /** Whether to ask the browser to keep the data. Some browsers then ask the user. The default is not to ask. */
  readonly persist?: boolean | undefined;
  /** Hears of everything that a user may have to know. */
  readonly onNotice?: ((notice: Notice) => void) | undefined;
  /**
   * What becomes of what is open in the worker of this page when the browser freezes the page. `keep`, the default: it stays
   * open, and locked, until the page thaws or is discarded. `let-go`: it is given free at once, as if the worker had died, so
   * that other tabs get it. An outbox then opens its logs anew when the page thaws; others have to be opened again.
   */
  readonly whenFrozen?: "keep" | "let-go" | undefined;
  readonly settleMs?: OpfsStorageOptions["settleMs"];
  readonly spareFiles?: OpfsStorageOptions["spareFiles"];
}

export interface BrowserStorage extends Storage {
  /** What was noticed so far. */
  readonly notices: readonly Notice[];
}

/**
 * A storage for pages, workers and service workers.
 *
 * @example
 * const log = await openLog({ storage: browserStorage(), topic: "outbox" });
 */
export function browserStorage(options: BrowserStorageOptions = {}): BrowserStorage {
  const { name = "walkabout", prefer = "opfs", persist = false, whenFrozen = "keep" } = options;
  const { settleMs, spareFiles } = options;
  if (prefer !== "opfs" && prefer !== "indexeddb") {
    throw new TypeError(`prefer must be "opfs" or "indexeddb", not ${String(prefer)}`);
  }
  if (whenFrozen !== "keep" && whenFrozen !== "let-go") {
    throw new TypeError(`whenFrozen must be "keep" or "let-go", not ${String(whenFrozen)}`);
  }
  const opfs: OpfsStorageOptions = { directory: name, settleMs, spareFiles };
  const remote = new Remote(options.worker, opfs);
  if (whenFrozen === "let-go") remote.letGoWhenFrozen();
  const budget = new Budget(options);
  const homes: Homes = {
    directory: name,
    indexedDb: indexedDbStorage({ database: name }),
    opfs: () => (isDedicatedWorker() ? ownHandles(opfs) : remote.storage()),
  };
  const notices: Notice[] = [];
  const notice = (each: Notice): void => {
    if (notices.some(({ code, message }) => code === each.code && message === each.message)) return;
    notices.push(each);
    options.onNotice?.(each);
  };
  let chosen = "";
  let diagnosis: Promise<void> | undefined;
  const choose = async (path: readonly string[]): Promise<Chosen> => {
    const choice = await chooseHome(homes, path, prefer);
    chosen = ` (${choice.home}: ${choice.why})`;
    return choice;
  };
  const openForWriting = async (path: readonly string[]): Promise<Place> => {
    const label = [name, ...path].join("/");
    const { home, storage, why, isNew } = await choose(path);
    const place = (await storage.open(path, { mode: "write" })) as Place;
    diagnosis ??= diagnose(persist).then((found) => found.forEach(notice));
    await diagnosis;
    if (home === "indexeddb" && prefer === "opfs") notice({ code: "FALLBACK", message: why });
    if (isNew && memories.has(label)) {
      notice({ code: "EVICTED", message: `log ${label} was here, and is gone: it begins anew` });
    }
    memories.add(label);
    return budget.place(place);
  };
  return {
    ...clock,
    get name() {
      return `browser ${name}${chosen}`;
    },
    notices,
    durability: "disk",
    written: "memory",
    flushesAtOnce: 1,
    async open(path, open) {
      remote.assertAwake();
      if (open.mode === "write")
        return withWebLock(`walkabout home of ${path.join("/")}`, () => openForWriting(path));
      const { storage } = await choose(path);
      return storage.open(path, open);
    },
    async list(path) {
      const inFiles = await Promise.resolve(remote.files.list(path)).catch(() => []);
      return [...new Set([...inFiles, ...(await homes.indexedDb.list(path))])];
    },
  };
}

/** Handles that a worker has for this page. The worker ends with the last place that is open in it. */
class Remote {
  /** Names can be listed without handles. */
  readonly files: Pick<Storage, "list">;
  readonly #source: WorkerSource | undefined;
  readonly #opfs: OpfsStorageOptions;
  #connecting: Promise<Connection | string> | undefined;
  /** The last one that there was. */
  #connection: Connection | undefined;
  #isFrozen = false;

  constructor(source: WorkerSource | undefined, opfs: OpfsStorageOptions) {
    this.#source = source;
    this.#opfs = opfs;
    this.files = opfsStorage(opfs);
  }

  /** A frozen page does nothing any more: what it does not let go of now, nobody gets before it thaws. */
  letGoWhenFrozen(): void {
    const { document } = globalThis as { document?: Pick<EventTarget, "addEventListener"> };
    document?.addEventListener("freeze", () => {
      this.#isFrozen = true;
      this.#connection?.end("the page was frozen");
    });
    document?.addEventListener("resume", () => (this.#isFrozen = false));
  }

  /** What is begun now would be locked until the page thaws. */
  assertAwake(): void {
    if (this.#isFrozen)
      throw new WalError("UNAVAILABLE", "the page is frozen: nothing can be opened in it now");
  }

  async storage(): Promise<Storage | string> {
    if (typeof Worker === "undefined") return "there are no workers here to have handles";
    const connection = await this.#connect();
    if (typeof connection === "string") return connection;
    return {
      ...clock,
      name: "opfs in a worker",
      durability: "disk",
      written: "memory",
      flushesAtOnce: 1,
      open: (path, { mode }) => this.#openPlace(connection, path, mode),
      list: (path) => this.files.list(path),
    };
  }

  async #openPlace(
    connection: Connection,
    path: readonly string[],
    mode: "write" | "read",
  ): Promise<Place | undefined> {
    connection.places++;
    let place: number | undefined;
    try {
      place = (await connection.call({ op: "open", path, mode })) as number | undefined;
    } finally {
      if (place === undefined) this.#closed(connection);
    }
    return place === undefined
      ? undefined
      : new RemotePlace(connection, place, () => this.#closed(connection));
  }

  /** The worker, started anew where the last one has died, also if it could not be started the last time. */
  async #connect(): Promise<Connection | string> {
    const connecting = this.#connecting;
    const known = await connecting;
    const isThere = typeof known === "string" ? this.#connection === undefined : known?.isDead === false;
    // Somebody else may have begun meanwhile.
    if (!isThere && this.#connecting === connecting) {
      this.#connecting = Connection.connect(this.#source, { opfs: this.#opfs });
    }
    const connection = await this.#connecting!;
    if (typeof connection !== "string") this.#connection = connection;
    return connection;
  }

  #closed(connection: Connection): void {
    connection.places--;
    if (connection.places === 0) connection.end();
  }
}

async function ownHandles(options: OpfsStorageOptions): Promise<Storage | string> {
  return (await whyNoHandles(options)) ?? opfsStorage(options);
}

function isDedicatedWorker(): boolean {
  const { DedicatedWorkerGlobalScope: scope } = globalThis as {
    DedicatedWorkerGlobalScope?: new () => object;
  };
  return scope !== undefined && globalThis instanceof scope;
}
