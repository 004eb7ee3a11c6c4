/**
 * The browser's own storage, with a hook before each operation that changes it. Files and databases are real; what
 * is interposed is the moment before a call. It knows nothing of logs.
 */

/**
 * Hears of an operation before it happens. What it throws, the operation throws. If it answers `partly`, the operation
 * begins, and fails as it does when space runs out.
 */
export type Hook = (operation: string) => "partly" | undefined;

type Method = (...parameters: unknown[]) => unknown;

let hook: Hook | undefined;
const transactions = new Set<IDBTransaction>();

/** What the hook throws into a listener of the browser's own ends what it listens to, and is no failure of a test. */
const thrown = new Set<unknown>();

/** From now on `next` hears of all operations of this page or worker. */
export function listen(next: Hook | undefined): void {
  hook = next;
}

/** What the death of a process does to what it had not committed. */
export function abortTransactions(): void {
  for (const transaction of transactions) {
    try {
      transaction.abort();
    } catch {
      // It has ended.
    }
  }
}

/** Interposes the hook. Once for each page or worker. */
export function interpose(): void {
  const scope = globalThis as unknown as Record<string, { prototype: Record<string, Method> } | undefined>;
  const before = (
    type: string,
    names: readonly string[],
    isMeant?: (...parameters: unknown[]) => boolean,
  ): void => {
    const prototype = scope[type]?.prototype;
    for (const name of names) {
      const original = prototype?.[name];
      if (prototype === undefined || original === undefined) continue;
      prototype[name] = function interposed(this: unknown, ...parameters: unknown[]): unknown {
        const operation = `${type}.${name}`;
        const how = isMeant?.(...parameters) === false ? undefined : hear(operation);
        if (how === "partly") return partly(operation, this, original, parameters);
        const answer = Reflect.apply(original, this, parameters);
        if (answer instanceof IDBTransaction) remember(answer);
        return answer;
      };
    }
  };
  globalThis.addEventListener("error", (event) => {
    if (thrown.has(event.error)) event.preventDefault();
  });
  before("FileSystemSyncAccessHandle", ["write", "flush", "truncate"]);
  before("FileSystemDirectoryHandle", ["removeEntry"]);
  before("FileSystemDirectoryHandle", ["getFileHandle", "getDirectoryHandle"], creates);
  before("IDBDatabase", ["transaction"], (_stores, mode) => mode === "readwrite");
  before("IDBObjectStore", ["put", "delete"]);
  before("IDBTransaction", ["commit"]);
}

function creates(_name: unknown, options?: unknown): boolean {
  return (options as { create?: boolean } | undefined)?.create === true;
}

function hear(operation: string): ReturnType<Hook> {
  try {
    return hook?.(operation);
  } catch (error) {
    return fail(error);
  }
}

function fail(error: unknown): never {
  thrown.add(error);
  throw error;
}

/** What Chromium answers in a private window when a write has filled the space up. */
const noCount = 2 ** 32 - 8;

/** Half a write, with an answer that is no count; a transaction that fails when all in it has succeeded; or an error. */
function partly(operation: string, subject: unknown, original: Method, parameters: unknown[]): unknown {
  if (operation === "FileSystemSyncAccessHandle.write") {
    const [bytes, options] = parameters as [Uint8Array, unknown];
    Reflect.apply(original, subject, [bytes.subarray(0, bytes.length / 2), options]);
    return noCount;
  }
  if (subject instanceof IDBTransaction) {
    const last = subject.objectStore(subject.objectStoreNames[0]!).count();
    last.addEventListener("success", () => subject.abort());
    return undefined;
  }
  return fail(new DOMException("there is no space left", "QuotaExceededError"));
}

function remember(transaction: IDBTransaction): void {
  transactions.add(transaction);
  for (const end of ["complete", "abort"]) {
    transaction.addEventListener(end, () => transactions.delete(transaction));
  }
}
