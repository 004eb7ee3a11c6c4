/** What a log knows besides its records, followed batch by batch. */
import { ByteReader, malformed } from "../format/bytes.ts";
import { decodeControl, type Control, type LogState } from "../format/control.ts";
import { attribute } from "../format/layout.ts";
import { RecordBatch } from "../format/record-batch.ts";
import { ProducerTable } from "./producers.ts";
import type { WalkedBatch } from "./walker.ts";

/** The attributes of batches that tell something besides their records. */
export const telling = attribute.control | attribute.producer;

export class TrackedState {
  first: number;
  maxTimestamp: number;
  readonly producers: ProducerTable;

  constructor(state: LogState, producersMax: number) {
    this.first = state.first;
    this.maxTimestamp = state.maxTimestamp;
    this.producers = new ProducerTable(producersMax, state.producers);
  }

  /** Takes note of a verified batch, and answers its control record if it is one. */
  add(batch: WalkedBatch): Control | undefined {
    if (batch.header.attributes & attribute.control) {
      const control = controlOf(batch);
      if (control.kind === "first") this.first = Math.max(this.first, control.first);
      return control;
    }
    this.addRecords(recordsOf(batch));
    return undefined;
  }

  addRecords(records: RecordBatch): void {
    this.maxTimestamp = Math.max(this.maxTimestamp, records.maxTimestamp());
    const producer = records.producer();
    if (producer !== undefined) this.producers.apply(producer, records.first, records.count);
  }

  snapshot(): LogState {
    return { first: this.first, maxTimestamp: this.maxTimestamp, producers: this.producers.states() };
  }
}

export function controlOf(batch: WalkedBatch): Control {
  const { header, bytes, view, at } = batch;
  const control = decodeControl(new ByteReader(bytes, view, at, at + header.length));
  const takes = control.kind === "lost" ? control.count : 0;
  if (control.kind === "unknown" || header.count === takes) return control;
  throw malformed(`a control record that takes ${takes} offsets in a batch that takes ${header.count}`);
}

export function recordsOf(batch: WalkedBatch, durable = true): RecordBatch {
  return new RecordBatch(batch.header, batch.bytes, batch.view, batch.at, durable);
}
