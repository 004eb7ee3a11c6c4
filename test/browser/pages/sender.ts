/** Pushes records into an outbox on the storage of this browser, which delivers them to `/ingest`, and tells how far it is. */
import { browserStorage } from "../../../adapters/browser/storage.ts";
import { fetchDelivery, openOutbox } from "../../../src/outbox/index.ts";
import { parameter, report, reporting } from "../suites/report.ts";

await reporting(async () => {
  const outbox = await openOutbox({
    storage: browserStorage({ name: "sender" }),
    name: "orders",
    principal: "ada",
    deliver: fetchDelivery({ url: "/ingest", headers: { authorization: "Bearer ada-s-token" } }),
    batch: { maxRecords: 5 },
    timeoutMs: 3000,
    backoff: { baseMs: 20, maxMs: 200 },
  });
  const count = Number(parameter("count"));
  for (let index = 0; index < count; index++) {
    await outbox.push({ key: `key ${index % 7}`, value: `${index}` });
    if (index % 50 === 0) await report({ type: "pushed", index });
  }
  await outbox.drained();
  await report({ type: "drained", dead: outbox.status.dead, pending: outbox.pending });
  await outbox.close();
});
