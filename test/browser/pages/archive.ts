/** Sends a log of this browser away as an archive, or makes one of the archive that is served, and tells what it holds. */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import { exportLog, importLog, type Log, openLog } from "../../../src/index.ts";
import { sentAway, topic } from "../archived.mjs";
import { parameter, report, reporting } from "../suites/report.ts";

await reporting(async () => {
  const prefer = parameter("prefer") as "opfs" | "indexeddb";
  const storage = browserStorage({ name: `archive-${parameter("mode")}`, prefer, settleMs: 0 });
  if (parameter("mode") === "export") {
    for (const archive of await sentAway(storage, { openLog, exportLog }, tell)) {
      await fetch(`/report?bytes&run=${parameter("run")}`, { method: "POST", body: new Blob(archive) });
    }
    return;
  }
  const { body } = await fetch("/archive.tar");
  await importLog(storage, body!);
  const log = await openLog({ storage, topic });
  await tell(log);
  await log.append({ value: "it goes on" });
  await log.close();
});

async function tell(log: Log): Promise<void> {
  const records: string[] = [];
  for await (const { offset, timestamp, value } of log.read()) {
    records.push(`${offset} ${timestamp} ${new TextDecoder().decode(value)}`);
  }
  await report({ type: "holds", records, home: log.stats().storage, verdict: log.recovery.verdict });
}
