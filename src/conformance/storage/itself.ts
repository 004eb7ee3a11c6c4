/** What a storage says of itself, and its clocks. */
import type { Check } from "../check.ts";
import { demand, demandSame, shown } from "../demand.ts";
import * as contract from "./contract.ts";

const durabilities = ["disk", "os", "memory"];

export const itself: readonly Check[] = [
  {
    name: "the storage says its name, what a flush means, and how many flushes may run at once",
    async run({ storage }) {
      const { name, durability, flushesAtOnce } = storage;
      demand(typeof name === "string" && name !== "", contract.storage.name, () => `name is ${shown(name)}.`);
      demand(durabilities.includes(durability), contract.storage.durability, () => {
        return `durability is ${shown(durability)}, none of ${durabilities.join(", ")}.`;
      });
      demand(Number.isInteger(flushesAtOnce) && flushesAtOnce >= 1, contract.storage.flushesAtOnce, () => {
        return `flushesAtOnce is ${shown(flushesAtOnce)}.`;
      });
    },
  },
  {
    name: "now() is a whole number of milliseconds since 1970",
    async run({ storage }) {
      const now = storage.now();
      demand(Number.isSafeInteger(now) && now > 0, contract.storage.now, () => `now() is ${shown(now)}.`);
      const year = new Date(now).getUTCFullYear();
      demand(year > 2000 && year < 3000, contract.storage.now, () => `now() lies in the year ${year}.`);
    },
  },
  {
    name: "elapsed() never goes back",
    async run({ storage }) {
      let before = storage.elapsed();
      for (let turn = 0; turn < 2000; turn++) {
        if (turn % 1000 === 0) await storage.sleep(0);
        const after = storage.elapsed();
        demand(after >= before, contract.storage.elapsed, () => {
          return `elapsed() answered ${before}, and then ${after}.`;
        });
        before = after;
      }
    },
  },
  {
    name: "sleep(0) lets the event loop turn, and a longer sleep takes time",
    async run({ storage }) {
      let isAwake = false;
      const sleeping = storage.sleep(0).then(() => (isAwake = true));
      // A turn of the event loop begins when no microtask is left, so it cannot begin before these.
      for (let microtask = 0; microtask < 1000; microtask++) await undefined;
      demandSame(isAwake, false, contract.storage.sleep, "whether sleep(0) was over among microtasks");
      await sleeping;
      const before = storage.elapsed();
      await storage.sleep(30);
      const slept = storage.elapsed() - before;
      demand(slept >= 10, contract.storage.sleep, () => `sleep(30) was over after ${slept} ms.`);
    },
  },
];
