/**
 * What a browser was heard to acknowledge, and the verdict on what is there when a log is opened again. It
 * knows which acknowledgements hold after which accident, and nothing of browsers.
 */

/** Which acknowledgements an accident must leave. */
export const survivors = { kill: ["disk", "os"], power: ["disk"] };

export class Acknowledged {
  /** By store, then by offset. */
  #acks = new Map();
  counts = { disk: 0, os: 0 };

  take({ store, offset, value, durability }) {
    this.#of(store).set(offset, { value, durability });
    this.counts[durability] += 1;
  }

  /** Throws unless everything is there that `accident` must leave. Forgets what it took. */
  judge(accident, { store, first, values }) {
    const acks = this.#of(store);
    for (const [offset, { value, durability }] of acks) {
      if (offset < first) {
        acks.delete(offset);
        continue;
      }
      const found = values[offset - first];
      if (found === value) continue;
      if (survivors[accident].includes(durability)) {
        const there = found === undefined ? "nothing" : JSON.stringify(found.slice(0, 60));
        const wanted = JSON.stringify(value.slice(0, 60));
        throw new Error(
          `after a ${accident}, ${store} has ${there} at offset ${offset} instead of ${wanted}, which was ` +
            `acknowledged as ${durability}; the log holds [${first}, ${first + values.length})`,
        );
      }
      acks.delete(offset);
    }
    return acks.size;
  }

  #of(store) {
    if (!this.#acks.has(store)) this.#acks.set(store, new Map());
    return this.#acks.get(store);
  }
}
