/** The part of the reloaded page that needs a worker. */
import { reporting } from "./report.ts";
import { runReloaded } from "./reloaded.ts";

await reporting(() => runReloaded("opfs"));
globalThis.postMessage("done");
