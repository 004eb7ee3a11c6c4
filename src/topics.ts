/** What a storage holds: which logs there are, and the records of all logs of a topic in one sequence. */
import { decodeTopic, encodeTopic, parsePartition } from "./format/names.ts";
import type { LogReader } from "./log-reader.ts";
import { openReaderIfThere } from "./open-log.ts";
import { checkSignal, checkStorage } from "./options.ts";
import type { LogRecord } from "./record.ts";
import type { Signal, Storage } from "./storage.ts";

export interface ListLogsOptions {
  readonly storage: Storage;
  /** The default is every topic. */
  readonly topic?: string | undefined;
}

/** Which log, within a storage. */
export interface LogName {
  readonly topic: string;
  readonly partition: number;
}

/** Names the logs of a storage, by topic and partition. It takes no lock. */
export async function listLogs(options: ListLogsOptions): Promise<LogName[]> {
  const { storage, topic } = options;
  checkStorage(storage);
  const folders = topic === undefined ? await storage.list([]) : [encodeTopic(topic)];
  const logs: LogName[] = [];
  for (const folder of folders) {
    const decoded = decodeTopic(folder);
    if (decoded === undefined) continue;
    for (const name of await storage.list([folder])) {
      const partition = parsePartition(name);
      if (partition !== undefined) logs.push({ topic: decoded, partition });
    }
  }
  return logs.toSorted((a, b) => compare(a.topic, b.topic) || a.partition - b.partition);
}

export interface ReadTopicOptions {
  readonly storage: Storage;
  readonly topic: string;
  /** The offset to begin at, by partition. The default is the first of each. */
  readonly from?: ReadonlyMap<number, number> | undefined;
  readonly signal?: Signal | undefined;
}

/** A record and the partition that it was read from. */
export interface TopicRecord {
  readonly partition: number;
  readonly record: LogRecord;
}

/**
 * Reads what all partitions of a topic hold by now, the lowest timestamp first. Records of one
 * partition keep their order. It takes no lock; `record.durable` says what is proven to be flushed.
 */
export async function* readTopic(options: ReadTopicOptions): AsyncGenerator<TopicRecord, void, void> {
  const { storage, topic, from, signal } = options;
  checkSignal(signal);
  const readers: LogReader[] = [];
  try {
    const heads: Head[] = [];
    for (const { partition } of await listLogs({ storage, topic })) {
      const reader = await openReaderIfThere({ storage, topic, partition });
      if (reader === undefined) continue;
      readers.push(reader);
      const records = reader.read({ from: from?.get(partition), signal });
      await advance(heads, { partition, records });
    }
    while (heads.length > 0) {
      const { partition, records, record } = heads.shift()!;
      yield { partition, record };
      await advance(heads, { partition, records });
    }
  } finally {
    for (const reader of readers) await reader.close();
  }
}

interface Partition {
  readonly partition: number;
  readonly records: AsyncGenerator<LogRecord, void, void>;
}

/** A partition with the record that it is at. */
interface Head extends Partition {
  readonly record: LogRecord;
}

/** Puts the next record of a partition, if there is one, where it belongs among the others. */
async function advance(heads: Head[], { partition, records }: Partition): Promise<void> {
  const { done, value: record } = await records.next();
  if (done) return;
  const isBehind = (head: Head): boolean =>
    head.record.timestamp > record.timestamp ||
    (head.record.timestamp === record.timestamp && head.partition > partition);
  const index = heads.findIndex(isBehind);
  heads.splice(index < 0 ? heads.length : index, 0, { partition, records, record });
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
