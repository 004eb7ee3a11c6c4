/**
 * What the adapter asks of a key-value store: it must be able to change several keys at once, and only
 * if one of them is what it was. Deno KV, FoundationDB, DynamoDB and etcd can; see `deno-kv.ts`.
 */
export interface KeyValueStore {
  /** Whether a commit that has answered survives power loss, the death of the process, or nothing. */
  readonly durability: "disk" | "os" | "memory";
  get(key: Key): Promise<Entry | undefined>;
  /** The parts that come directly behind `prefix` in the keys that begin with it, each once. */
  list(prefix: Key): Promise<string[]>;
  /** Does all of it or nothing. Answers the new version of what it has set, or `undefined` if the check failed. */
  commit(changes: Changes): Promise<string | undefined>;
}

export type Key = readonly string[];

export interface Entry {
  readonly value: Uint8Array;
  readonly version: string;
}

export interface Changes {
  /** Nothing is changed unless this key has this version; without one, unless it is missing. */
  readonly check: { readonly key: Key; readonly version: string | undefined };
  readonly set?: readonly (readonly [Key, Uint8Array])[];
  readonly remove?: readonly Key[];
}

/** A store in memory, to try the adapter on. Give it the entries of another to share them. */
export function memoryStore(entries = new Map<string, Entry>()): KeyValueStore {
  let versions = 0;
  return {
    durability: "memory",
    get: async (key) => entries.get(text(key)),
    async list(prefix) {
      const keys = [...entries.keys()].map((key) => JSON.parse(key) as string[]);
      const below = keys.filter(
        (key) => key.length > prefix.length && prefix.every((part, at) => part === key[at]),
      );
      return [...new Set(below.map((key) => key[prefix.length]!))];
    },
    async commit({ check, set = [], remove = [] }) {
      if (entries.get(text(check.key))?.version !== check.version) return undefined;
      const version = `${Date.now()}-${versions++}-${Math.random()}`;
      for (const key of remove) entries.delete(text(key));
      for (const [key, value] of set) entries.set(text(key), { value: value.slice(), version });
      return version;
    },
  };
}

function text(key: Key): string {
  return JSON.stringify(key);
}
