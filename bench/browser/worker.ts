/** Those that run in a worker. Each message asks for one measurement. */
import { type Contestant, entries } from "./contestants.ts";
import { measure, type Scenario } from "./measure.ts";

const opened = new Map<string, Contestant>();

globalThis.addEventListener("message", async (event: MessageEvent<{ name: string; scenario: Scenario }>) => {
  const { name, scenario } = event.data;
  try {
    let contestant = opened.get(name);
    if (contestant === undefined) {
      contestant = await entries.find((entry) => entry.name === name)!.open();
      opened.set(name, contestant);
    }
    postMessage({ measured: await measure(contestant, scenario) });
  } catch (error) {
    postMessage({ error: String((error as Error).stack ?? error) });
  }
});
