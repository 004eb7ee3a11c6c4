/** Measures what it is told to, one after the other: `globalThis.measure(name, scenario)` is called from outside. */
import { type Contestant, entries } from "./contestants.ts";
import { measure, type Measured, type Scenario } from "./measure.ts";
import workerUrl from "./worker.ts?worker&url";

const worker = new Worker(workerUrl, { type: "module" });
const opened = new Map<string, Contestant>();

async function measureHere(name: string, scenario: Scenario): Promise<Measured> {
  let contestant = opened.get(name);
  if (contestant === undefined) {
    contestant = await entries.find((entry) => entry.name === name)!.open();
    opened.set(name, contestant);
  }
  return measure(contestant, scenario);
}

function measureThere(name: string, scenario: Scenario): Promise<Measured> {
  return new Promise((resolve, reject) => {
    worker.addEventListener(
      "message",
      ({ data }: MessageEvent<{ measured?: Measured; error?: string }>) => {
        if (data.measured) resolve(data.measured);
        else reject(new Error(data.error));
      },
      { once: true },
    );
    worker.postMessage({ name, scenario });
  });
}

Object.assign(globalThis, {
  entries: entries.map(({ name, means, context }) => ({ name, means, context })),
  measure: (name: string, scenario: Scenario): Promise<Measured> => {
    const { context } = entries.find((entry) => entry.name === name)!;
    return context === "page" ? measureHere(name, scenario) : measureThere(name, scenario);
  },
});
