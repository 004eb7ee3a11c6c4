/** Web Locks for runtimes that have none: exclusive ones, in one program. */

type Use = (lock: { name: string } | null) => Promise<unknown>;

const held = new Set<string>();

/** To be installed as `navigator.locks`. */
export const locks = {
  async request(name: string, _options: { ifAvailable: boolean }, use: Use): Promise<unknown> {
    if (held.has(name)) return use(null);
    held.add(name);
    try {
      return await use({ name });
    } finally {
      held.delete(name);
    }
  },
};
