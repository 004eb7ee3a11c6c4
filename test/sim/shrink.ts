/** Makes a failing plan as short as it goes: whatever can be left out without mending it is left out. */
import type { Event, Plan } from "./plan.ts";

/** `fails` answers what goes wrong, or nothing. Answers the shortest plan found, and what goes wrong in it. */
export async function shrunk(
  plan: Plan,
  fails: (plan: Plan) => Promise<string | undefined>,
  attemptsMax = 2000,
): Promise<{ plan: Plan; reason: string }> {
  let best = plan;
  let reason = (await fails(plan)) ?? "it did not fail again";
  let attempts = 0;
  const attempt = async (events: readonly Event[]): Promise<boolean> => {
    if (++attempts > attemptsMax) return false;
    const shorter = { ...best, events };
    const failure = await fails(shorter);
    if (failure === undefined) return false;
    best = shorter;
    reason = failure;
    return true;
  };
  for (let size = best.events.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = best.events.length - size; from >= 0; from -= size) {
      await attempt([...best.events.slice(0, from), ...best.events.slice(from + size)]);
    }
  }
  // Numbers become small: fewer records, fewer operations before a fault or a crash.
  for (let index = 0; index < best.events.length; index++) {
    for (const smaller of smallerThan(best.events[index]!)) {
      if (await attempt(best.events.with(index, smaller))) break;
    }
  }
  for (let index = best.events.length - 1; index >= 0; index--)
    await attempt(best.events.toSpliced(index, 1));
  return { plan: best, reason };
}

function smallerThan(event: Event): Event[] {
  const smaller: Event[] = [];
  for (const [name, values] of Object.entries({
    after: [0, 1, 2, 3, 4, 6, 8],
    count: [1, 2],
    again: [0],
    turns: [1],
    times: [1],
  })) {
    const value = (event as Record<string, unknown>)[name];
    if (typeof value !== "number") continue;
    for (const each of values) if (each < value) smaller.push({ ...event, [name]: each } as Event);
  }
  return smaller;
}
