/** Every byte of a log, as described in every-byte.ts. With SIM_LONG=1 every bit of each kind of log is flipped. */
import { describe, expect, test } from "vitest";
import { damages, judged, victims } from "./every-byte.ts";

const everyBit = [1, 2, 4, 8, 16, 32, 64, 128];

describe.each(await victims())("a log that is $title", (victim) => {
  test(
    "is judged right and never misread, whatever byte of it is damaged",
    { timeout: 600_000 },
    async () => {
      const masks = victim.title === "closed" || process.env.SIM_LONG !== undefined ? everyBit : [1, 64];
      const counts: Record<string, number> = {};
      const wrong: string[] = [];
      for (const damage of damages(victim, masks)) {
        const said = await judged(victim, damage).catch((error: Error) => void wrong.push(error.message));
        if (said) counts[said] = (counts[said] ?? 0) + 1;
      }
      expect(wrong).toEqual([]);
      expect(counts.CORRUPT).toBeGreaterThan(1000);
    },
  );
});
