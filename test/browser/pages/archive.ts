/** Sends a log of this browser away as an archive, or makes one of the archive that is served, and tells what it holds. */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import { exportLog, importLog, type Log, openLog } from "../../../src/index.ts";
import { parameter, report, reporting } from "../suites/report.ts";

const topic = "travels/ü";

await reporting(async () => {
  const prefer = parameter("prefer") as "opfs" | "indexeddb";
  const storage = browserStorage({ name: `archive-${parameter("mode")}`, prefer });
  if (parameter("mode") === "export") {
    const log = await openLog({ storage, topic, segment: { maxBytes: 700 } });
    for (let index = 0; index < 40; index++) await log.append({ key: `${index}`, value: `browser ${index}` });
    await log.truncateBefore(5);
    await tell(log);
    // Whoever has it open goes on while it is sent away.
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of exportLog({ storage, topic })) chunks.push(chunk);
    await fetch(`/report?bytes&run=${parameter("run")}`, { method: "POST", body: new Blob(chunks) });
    await log.close();
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
