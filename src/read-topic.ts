/** Reads all partitions of a topic as one, for whoever drains what many have written. */
import type { LogReader } from "./log-reader.ts";
import { openReader } from "./open-log.ts";
import { listLogs } from "./partitions.ts";
import type { LogRecord } from "./record.ts";
import type { Signal, Storage } from "./storage.ts";

export interface ReadTopicOptions {
  readonly storage: Storage;
  readonly topic: string;
  /** For each partition, the offset to begin at. The default is the first that there is. */
  readonly from?: Readonly<Record<number, number>> | undefined;
  readonly signal?: Signal | undefined;
}

export interface TopicRecord {
  readonly partition: number;
  readonly record: LogRecord;
}

/**
 * The records of all partitions, merged by timestamp: of those that come next in their partitions, the one with
 * the lowest timestamp, and of equal ones that of the lowest partition. Within a partition, offsets keep their
 * order. No lock is needed. Records that are only written, as far as can be told, are not `durable`. It ends
 * with what is there.
 *
 *     for await (const { partition, record } of readTopic({ storage, topic: "outbox" })) …
 */
export async function* readTopic(options: ReadTopicOptions): AsyncGenerator<TopicRecord, void, void> {
  const { storage, topic, from = {}, signal } = options;
  const readers: LogReader[] = [];
  try {
    const heads: Head[] = [];
    for (const { partition } of await listLogs(storage, topic)) {
      const reader = await openReader({ storage, topic, partition });
      readers.push(reader);
      const begin = Math.max(from[partition] ?? 0, reader.first);
      if (begin >= reader.next) continue;
      const records = reader.read({ from: begin, to: reader.next, signal });
      const head = new Head(partition, records);
      if (await head.advance()) heads.push(head);
    }
    while (heads.length > 0) {
      const next = earliest(heads);
      yield { partition: next.partition, record: next.record! };
      if (!(await next.advance())) heads.splice(heads.indexOf(next), 1);
    }
  } finally {
    for (const reader of readers) await reader.close();
  }
}

/** The record of a partition that comes next. */
class Head {
  readonly partition: number;
  readonly #records: AsyncGenerator<LogRecord, void, void>;
  record: LogRecord | undefined;

  constructor(partition: number, records: AsyncGenerator<LogRecord, void, void>) {
    this.partition = partition;
    this.#records = records;
  }

  /** Answers whether there is one. */
  async advance(): Promise<boolean> {
    const { value } = await this.#records.next();
    this.record = value ?? undefined;
    return this.record !== undefined;
  }
}

/** There are as many as tabs, which are few. */
function earliest(heads: readonly Head[]): Head {
  return heads.reduce((best, each) => (each.record!.timestamp < best.record!.timestamp ? each : best));
}
