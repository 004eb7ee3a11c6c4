/** What a browser may do to the data of a site, and what is known of it. */

export type NoticeCode =
  /** The log lives in IndexedDB, because handles do not work here. */
  | "FALLBACK"
  /** The browser may delete the data when space is short, or after a time without a visit. */
  | "NOT_PERSISTED"
  /** A log was here, and is gone: deleted by the user or the browser, or this is a private window. */
  | "EVICTED"
  /** The browser grants so little space that this may be a private window. */
  | "LOW_SPACE";

export interface Notice {
  readonly code: NoticeCode;
  readonly message: string;
}

/** Below this, private windows are likely, in bytes. */
const quotaMin = 200 * 2 ** 20;

/** Some browsers never answer, in ms. */
const askMsMax = 2000;

/** Asks for persistence if `persist` says so, and answers what there is to say. */
export async function diagnose(persist: boolean): Promise<Notice[]> {
  const storage = (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage;
  const notices: Notice[] = [];
  const isPersisted = await answerOf(async () => persist && storage?.persist?.());
  if (isPersisted !== true && (await answerOf(async () => storage?.persisted?.())) !== true) {
    const message = "the browser has not promised to keep the data: it may delete them when space is short";
    notices.push({ code: "NOT_PERSISTED", message });
  }
  const { quota } = (await answerOf(async () => storage?.estimate?.())) ?? {};
  if (quota !== undefined && quota < quotaMin) {
    notices.push({
      code: "LOW_SPACE",
      message: `the browser grants ${quota} bytes: this may be a private window`,
    });
  }
  return notices;
}

/** Remembers, outside of both storages, that a log was made. Workers and strict settings have no place for it. */
export const memories = {
  has(log: string): boolean {
    try {
      return localStorage.getItem(keyOf(log)) !== null;
    } catch {
      return false;
    }
  },
  add(log: string): void {
    try {
      localStorage.setItem(keyOf(log), "");
    } catch {
      // Then nothing is noticed.
    }
  },
};

function keyOf(log: string): string {
  return `walkabout ${log}`;
}

async function answerOf<T>(ask: () => Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), askMsMax)));
  try {
    return await Promise.race([ask(), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
