/** What the browser says of its storage. */
import type { BrowserStorage } from "../../adapters/browser/storage.ts";
import { bytesText, byId, element } from "./dom.ts";
import type { Pushed } from "../../src/outbox/index.ts";

/** Some browsers never answer, in ms. */
const askMsMax = 2000;

/** What an acknowledgement of each strength says. */
export const strengths: Record<Pushed["durability"], string> = {
  disk: "disk: it survives a loss of power",
  os: "os: it survives a kill; names of new files settle within minutes, then disk",
  memory: "memory",
};

export async function showFacts(
  storage: BrowserStorage,
  strength: Pushed["durability"] | undefined,
  partition: number | undefined,
): Promise<void> {
  const [persisted, estimate] = await Promise.all([
    answerOf(() => navigator.storage?.persisted?.()),
    answerOf(() => navigator.storage?.estimate?.()),
  ]);
  const { usage, quota } = estimate ?? {};
  const rows: [string, string][] = [
    ["Backend", backendOf(storage.name)],
    ["An acknowledgement means", strength === undefined ? "nothing was pushed yet" : strengths[strength]],
    [
      "Persisted",
      persisted === undefined ? "no answer" : persisted ? "yes" : "no: it may be deleted when space is short",
    ],
    [
      "Used",
      usage === undefined || quota === undefined ? "no answer" : `${bytesText(usage)} of ${bytesText(quota)}`,
    ],
    ["Log of this tab", partition === undefined ? "none is open" : `number ${partition} of this origin`],
  ];
  const nodes = rows.map(([name, says]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, says)),
  );
  byId("facts").replaceChildren(...nodes);
}

/** `browser walkabout (opfs: handles work here)`, in other words. */
function backendOf(name: string): string {
  const [, home, why] = /\((opfs|indexeddb): (.*)\)$/.exec(name) ?? [];
  if (home === undefined) return "not chosen yet";
  return `${home === "opfs" ? "files of the origin (OPFS), in a worker" : "IndexedDB"}: ${why}`;
}

async function answerOf<T>(ask: () => Promise<T> | undefined): Promise<T | undefined> {
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
