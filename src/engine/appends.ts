/**
 * Appends as their callers ask for them: new records go to the intake, and those that an idempotent producer
 * sends once more are looked up instead.
 */
import type { Ack } from "../ack.ts";
import type { Producer, RecordInput } from "../record.ts";
import type { Core } from "./core.ts";
import { recall } from "./recall.ts";
import type { View } from "./reader.ts";
import type { Writer } from "./writer.ts";

export class Appends {
  readonly #core: Core;
  readonly #writer: Writer;
  readonly #view: View;
  /** Those that look up what was appended before. */
  readonly #repeats = new Set<Promise<unknown>>();

  constructor(core: Core, writer: Writer, view: View) {
    this.#core = core;
    this.#writer = writer;
    this.#view = view;
  }

  append(record: RecordInput, producer: Producer | undefined): Promise<Ack> {
    const { intake } = this.#writer;
    if (producer === undefined) return intake.append(record, producer);
    const [known] = this.#core.state.producers.admit(producer, 1);
    return known === undefined ? intake.append(record, producer) : this.#repeating(this.#recall(known));
  }

  appendBatch(records: readonly RecordInput[], producer: Producer | undefined): Promise<Ack[]> {
    const known = producer === undefined ? [] : this.#core.state.producers.admit(producer, records.length);
    if (records.length === 0) return Promise.resolve([]);
    if (known.length === 0) return this.#writer.intake.appendBatch(records, producer);
    return this.#repeating(this.#appendRest(records, producer!, known));
  }

  /** Resolves when nothing is looked up any more. The log is not closed before. */
  async settled(): Promise<void> {
    await Promise.all(this.#repeats);
  }

  /** What fails behind the append of the new records says nothing of them: they are durable. */
  async #appendRest(
    records: readonly RecordInput[],
    producer: Producer,
    known: readonly number[],
  ): Promise<Ack[]> {
    const rest = { ...producer, sequence: producer.sequence + known.length };
    const fresh = records.slice(known.length);
    const isPending = known[known.length - 1]! >= this.#core.durable;
    const appending = fresh.length === 0 ? [] : this.#writer.intake.appendBatch(fresh, rest);
    // Asked for now: what is on its way may be lost by the time that the fresh records are acknowledged.
    const settling = isPending ? this.#writer.settled() : undefined;
    settling?.catch(() => undefined);
    const appended = await appending;
    await settling;
    const recalled = await Promise.all(known.map((offset) => this.#recall(offset)));
    return [...recalled, ...appended];
  }

  #recall(offset: number): Promise<Ack> {
    return recall(this.#core, this.#writer, this.#view, offset);
  }

  #repeating<T>(work: Promise<T>): Promise<T> {
    const ended: Promise<unknown> = work.catch(() => undefined).then(() => this.#repeats.delete(ended));
    this.#repeats.add(ended);
    return work;
  }
}
