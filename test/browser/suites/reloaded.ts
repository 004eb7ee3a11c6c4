/** One life of a page that is reloaded without closing its log. */
import { openLog } from "../../../src/index.ts";
import { report } from "./report.ts";
import { storageOf, valuesOf } from "./storages.ts";

/** The page before this one may still be on its way out. */
const lockWaitMs = 10_000;

export async function runReloaded(store: string): Promise<void> {
  const log = await openLog({ storage: storageOf(store), topic: "reloaded", lockWaitMs });
  const values = await valuesOf(log);
  await log.append({ value: `load ${values.length}` });
  await report({ type: "appended", store, values });
}
