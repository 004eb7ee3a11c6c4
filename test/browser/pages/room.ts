/** Appends to a log of the storage for web applications, in a space that runs out, for as long as the page lives. */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import { openLog, WalError } from "../../../src/index.ts";
import { describe, hasParameter, parameter, report, reporting } from "../suites/report.ts";

await reporting(async () => {
  const prefer = parameter("prefer") as "opfs" | "indexeddb";
  const storage = browserStorage({
    name: "room",
    prefer,
    settleMs: 0,
    maxBytes: hasParameter("maxBytes") ? Number(parameter("maxBytes")) : undefined,
  });
  const log = await openLog({
    storage,
    topic: "a",
    segment: { maxBytes: Number(parameter("segmentBytes")) },
    retention: { maxAgeMs: Number(parameter("retentionMs")) },
  });
  await report({ type: "opened", home: log.stats().storage });
  for (;;) {
    // IndexedDB would compress what repeats itself.
    const value = new Uint8Array(Number(parameter("valueBytes")));
    for (let at = 0; at < value.length; at += 65_536) crypto.getRandomValues(value.subarray(at, at + 65_536));
    try {
      const { offset } = await log.append({ value });
      await report({ type: "ack", offset, first: log.first });
    } catch (error) {
      const code = error instanceof WalError ? error.code : "";
      await report({ type: "refused", code, message: describe(error) });
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }
});
