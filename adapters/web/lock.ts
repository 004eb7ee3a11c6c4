/** Web Locks: exclusive among all tabs and workers of an origin, and freed by the death of their holder. */

/** The subset of the platform's `LockManager` that is used here. */
interface Locks {
  request<T>(
    name: string,
    options: { readonly ifAvailable: boolean } | { readonly signal: AbortSignal },
    use: (lock: object | null) => Promise<T>,
  ): Promise<T>;
}

export interface WebLock {
  /** Whether somebody else took it away by force. */
  readonly isLost: boolean;
  release(): void;
}

/** Takes the lock if it is free, and answers `undefined` if it is not. */
export async function takeWebLock(name: string): Promise<WebLock | undefined> {
  const manager = locks();
  if (manager === undefined) throw new Error("Web Locks are missing here: they need https or localhost");
  let release!: () => void;
  const held = new Promise<void>((resolve) => (release = resolve));
  return new Promise((resolve, reject) => {
    const lock = { isLost: false, release };
    const use = async (granted: object | null): Promise<void> => {
      resolve(granted === null ? undefined : lock);
      if (granted !== null) await held;
    };
    manager.request(name, { ifAvailable: true }, use).catch((error: unknown) => {
      lock.isLost = true;
      reject(error);
    });
  });
}

/** How long somebody else may hold a lock that is meant for moments, in ms. A frozen tab would hold it for ever. */
const momentMsMax = 10_000;

/** Does `work` while nobody else does work of this name, as far as there are Web Locks. */
export async function withWebLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const manager = locks();
  if (manager === undefined) return work();
  let begun: Promise<T> | undefined;
  const begin = (): Promise<T> => (begun ??= work());
  const signal = AbortSignal.timeout(momentMsMax);
  try {
    return await manager.request(name, { signal }, begin);
  } catch {
    return begin();
  }
}

function locks(): Locks | undefined {
  return (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;
}
