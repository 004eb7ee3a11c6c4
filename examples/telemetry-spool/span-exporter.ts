/**
 * A span exporter for OpenTelemetry with a spool on disk. The usual exporters keep spans in memory, and drop
 * them when the collector is away for longer than they are patient, or the process dies. This one hands them
 * to an outbox, and is done when they are durable.
 *
 *     const outbox = await openSpool({ storage: nodeStorage("./spool"), url: "http://localhost:4318/v1/traces" });
 *     const provider = new BasicTracerProvider({
 *       spanProcessors: [new BatchSpanProcessor(new SpoolingSpanExporter(outbox))],
 *     });
 */
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import {
  type Deliver,
  openOutbox,
  type Outbox,
  type OutboxOptions,
  verdictOfResponse,
} from "../../src/outbox/index.ts";

export interface SpoolOptions extends Partial<OutboxOptions> {
  readonly storage: OutboxOptions["storage"];
  /** Where the collector takes traces as JSON over HTTP. */
  readonly url: string;
}

/** Spans are made for a budget: when it is used up, the oldest become dead letters. */
export function openSpool({ url, ...options }: SpoolOptions): Promise<Outbox> {
  const deliver: Deliver = async ({ records: [record] }, { signal }) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new Uint8Array(record!.value),
      signal: signal as AbortSignal,
    });
    return verdictOfResponse(response);
  };
  const batch = { maxRecords: 1 };
  return openOutbox({
    name: "spans",
    order: "none",
    whenFull: "drop-oldest-to-dead",
    batch,
    ...options,
    deliver,
  });
}

export class SpoolingSpanExporter implements SpanExporter {
  readonly #outbox: Outbox;
  readonly #pushes = new Set<Promise<unknown>>();

  /** The outbox stays yours to close, behind the provider. */
  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    const value = JsonTraceSerializer.serializeRequest(spans)!;
    const push = this.#outbox.push({ value }).then(
      () => done({ code: ExportResultCode.SUCCESS }),
      (error: Error) => done({ code: ExportResultCode.FAILED, error }),
    );
    this.#pushes.add(push);
    void push.then(() => this.#pushes.delete(push));
  }

  /** Resolves when what was exported is durable, whether or not the collector is there. */
  async forceFlush(): Promise<void> {
    await Promise.all(this.#pushes);
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }
}
