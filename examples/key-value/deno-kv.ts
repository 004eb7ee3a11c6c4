/** A store on Deno KV, as far as the adapter needs one: `denoStore(await Deno.openKv("data.kv"))`. */
import type { Key, KeyValueStore } from "./store.ts";

/** What is used of `Deno.Kv`. */
export interface DenoKv {
  get(key: Key): Promise<{ readonly value: unknown; readonly versionstamp: string | null }>;
  list(selector: { readonly prefix: Key }): AsyncIterable<{ readonly key: readonly unknown[] }>;
  atomic(): DenoAtomic;
}

interface DenoAtomic {
  check(...checks: { readonly key: Key; readonly versionstamp: string | null }[]): DenoAtomic;
  set(key: Key, value: unknown): DenoAtomic;
  delete(key: Key): DenoAtomic;
  commit(): Promise<{ readonly ok: boolean; readonly versionstamp?: string }>;
}

export function denoStore(kv: DenoKv): KeyValueStore {
  return {
    // Nothing says that its file is flushed at each commit.
    durability: "os",
    async get(key) {
      const { value, versionstamp } = await kv.get(key);
      return versionstamp === null ? undefined : { value: value as Uint8Array, version: versionstamp };
    },
    async list(prefix) {
      const names = new Set<string>();
      for await (const { key } of kv.list({ prefix })) names.add(key[prefix.length] as string);
      return [...names];
    },
    async commit({ check, set = [], remove = [] }) {
      let atomic = kv.atomic().check({ key: check.key, versionstamp: check.version ?? null });
      for (const key of remove) atomic = atomic.delete(key);
      for (const [key, value] of set) atomic = atomic.set(key, value);
      const { ok, versionstamp } = await whenFree(() => atomic.commit());
      return ok ? versionstamp : undefined;
    },
  };
}

/** Another process that commits at this moment stands in the way before anything has been tried. */
async function whenFree<T>(commit: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await commit();
    } catch (error) {
      if (attempt === 100 || !String(error).includes("database is locked")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
