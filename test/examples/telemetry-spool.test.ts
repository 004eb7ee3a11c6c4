/** Spans of the real SDK reach a collector that was away, through a restart of the process that made them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { expect, onTestFinished, test } from "vitest";
import { nodeStorage } from "../../adapters/node/storage.ts";
import { openSpool, SpoolingSpanExporter } from "../../examples/telemetry-spool/span-exporter.ts";

interface Traces {
  readonly resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
}

test("spans that were ended while the collector was away arrive, each once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "walkabout-spool-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const names: string[] = [];
  let isAway = true;
  const collector = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (!isAway) {
        const { resourceSpans } = JSON.parse(body) as Traces;
        for (const { scopeSpans } of resourceSpans) {
          for (const { spans } of scopeSpans) names.push(...spans.map(({ name }) => name));
        }
      }
      response.writeHead(isAway ? 503 : 200);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => collector.once("listening", resolve));
  onTestFinished(() => void collector.close());
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`;
  const backoff = { baseMs: 1, maxMs: 5 };

  const outbox = await openSpool({ storage: nodeStorage(folder), url, backoff });
  const exporter = new SpoolingSpanExporter(outbox);
  const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 10, scheduledDelayMillis: 1 });
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer("test");
  const retried = new Promise((resolve) => outbox.events.addEventListener("retry", resolve, { once: true }));
  for (let index = 0; index < 35; index++) tracer.startSpan(`span ${index}`).end();
  await provider.forceFlush();
  await retried;
  await provider.shutdown();
  await outbox.close();
  expect(names).toEqual([]);

  isAway = false;
  const next = await openSpool({ storage: nodeStorage(folder), url, backoff });
  expect(next.pending).toBeGreaterThanOrEqual(4);
  await next.drained();
  await next.close();
  expect(names.toSorted()).toEqual(Array.from({ length: 35 }, (_, index) => `span ${index}`).toSorted());
});
