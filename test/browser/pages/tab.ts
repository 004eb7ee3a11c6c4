/** One tab of several that write: it takes a free partition, says so, and appends until it goes away. */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import { listLogs, openLog, readTopic } from "../../../src/index.ts";
import { parameter, report, reporting } from "../suites/report.ts";

await reporting(async () => {
  const storage = browserStorage({ name: "tabs" });
  const topic = "outbox";
  if (parameter("mode") === "drain") {
    const logs = await listLogs({ storage, topic });
    const records: object[] = [];
    let last = 0;
    let isInOrder = true;
    for await (const { partition, record } of readTopic({ storage, topic })) {
      isInOrder &&= record.timestamp >= last;
      last = record.timestamp;
      records.push({ partition, offset: record.offset, value: new TextDecoder().decode(record.value) });
    }
    await report({ type: "drained", partitions: logs.map(({ partition }) => partition), records, isInOrder });
    return;
  }
  const tab = parameter("tab");
  const log = await openLog({ storage, topic, partition: "free" });
  const { partition } = log;
  await report({ type: "partition", tab, partition, storage: log.stats().storage });
  for (let count = 0; ; count++) {
    const value = `${tab} ${count}`;
    const { offset } = await log.append({ value });
    await report({ type: "ack", tab, partition, offset, value });
  }
});
