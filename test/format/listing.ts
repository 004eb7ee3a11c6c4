/**
 * A log written down as JSON that people can read: records with their bytes as text where they are text.
 * The library's records and those of the stranger's decoder are brought into this form to be compared.
 */
import type { Log, LogReader, LogRecord } from "../../src/index.ts";
import type { PlainRecord } from "./decoder-batch.ts";
import { type DecodedLog, decodeLog } from "./decoder.ts";
import type { FolderBytes } from "./folder.ts";

export interface ListedRecord {
  offset: number;
  timestamp: number;
  kind: number;
  /** Nothing where the record has no key. */
  key: string | null;
  value: string;
  headers: Record<string, string>;
  /** Its id, epoch and sequence. */
  producer?: string;
}

export interface Listing {
  about: string;
  topic: string;
  partition: number;
  first: number;
  next: number;
  /** For each file, in the order of the names: its size, and what the decoder thinks of it. */
  files: Record<string, string>;
  lost: { from: number; count: number }[];
  records: ListedRecord[];
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const plain = /^(?!hex:)\P{Cc}*$/u;

/** Text as it is, and other bytes as `hex:` and their digits. */
export function readable(bytes: Uint8Array): string {
  try {
    const text = utf8.decode(bytes);
    if (plain.test(text)) return text;
  } catch {
    // It is not text.
  }
  return `hex:${Buffer.from(bytes).toString("hex")}`;
}

function listed(
  record: Omit<LogRecord, "headers" | "durable">,
  headers: Iterable<readonly [string, Uint8Array]>,
  producer: { id: string; epoch: number; sequence: number } | undefined,
): ListedRecord {
  const { offset, timestamp, kind, key, value } = record;
  const all: Record<string, string> = Object.create(null);
  for (const [name, bytes] of headers) all[name] = readable(bytes);
  return {
    offset,
    timestamp,
    kind,
    key: key === undefined ? null : readable(key),
    value: readable(value),
    headers: all,
    ...(producer && { producer: `${producer.id} / ${producer.epoch} / ${producer.sequence}` }),
  };
}

/** Everything the library reads. */
export async function recordsRead(log: Log | LogReader): Promise<ListedRecord[]> {
  const records: ListedRecord[] = [];
  for await (const batch of log.readBatches()) {
    const first = batch.producer();
    for (const record of batch) {
      const producer = first && { ...first, sequence: first.sequence + record.offset - batch.first };
      records.push(listed(record, Object.entries(record.headers), producer));
    }
  }
  return records;
}

export function recordsDecoded(records: readonly PlainRecord[]): ListedRecord[] {
  return records.map((record) => listed(record, record.headers, record.producer));
}

/** Everything the decoder finds in a folder. */
export function listingOf(about: string, topic: string, partition: number, files: FolderBytes): Listing {
  const log: DecodedLog = decodeLog(files);
  const sizes = [...files].map(([name, { length }]) => [name, `${length} bytes, ${log.verdicts[name]}`]);
  return {
    about,
    topic,
    partition,
    first: log.first,
    next: log.next,
    files: Object.fromEntries(sizes),
    lost: log.lost,
    records: recordsDecoded(log.records),
  };
}
