/** Runs one suite and reports its tests. */
import { hasParameter, parameter, report, reporting } from "./report.ts";
import { browserSuite, choiceSuite } from "./browser.ts";
import { indexedDbSuite } from "./indexeddb.ts";
import { opfsSuite } from "./opfs.ts";
import { outboxSuite } from "./outbox.ts";
import { Runner } from "./runner.ts";
import { platformSearch, workerSearch } from "./searches.ts";

const suites: Record<string, (runner: Runner) => void> = {
  browser: browserSuite,
  choice: choiceSuite,
  opfs: opfsSuite,
  indexeddb: indexedDbSuite,
  "opfs-search": platformSearch("opfs"),
  "indexeddb-search": platformSearch("indexeddb"),
  "browser-search": workerSearch,
  outbox: outboxSuite,
};

export async function runSuites(): Promise<void> {
  await reporting(async () => {
    await report({ type: "begin", agent: navigator.userAgent });
    const runner = new Runner();
    const suite = suites[parameter("suite")];
    if (suite === undefined) throw new Error(`there is no suite ${parameter("suite")}`);
    suite(runner);
    await runner.run(hasParameter("only") ? parameter("only") : undefined);
  });
}
