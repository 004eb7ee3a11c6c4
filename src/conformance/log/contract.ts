/** The sentences that the log's checks quote: of its verbs' documentation, and of the README. */
import { clauses } from "../clause.ts";

export const promise = clauses("The promise, README.md", {
  durable:
    "`append` resolves when the record is **durable**: written and flushed, with the name of a new file.",
  strength: "The ack says its own strength: `disk`, `os`",
  dense: "Offsets are 0, 1, 2, … without holes.",
  atomic: "`appendBatch` is all or nothing.",
  failure:
    "When a flush fails, nothing behind it is acknowledged, the offset is not used up, and the next append begins a new file.",
  visible:
    "Readers of the log never see what is not durable (one beside a writer sees what is written, and each record says whether it is proven to be durable).",
  crash: "After a crash, everything acknowledged is there.",
  corrupt:
    "Damage to what was once flushed is an error with a code and a place (`CORRUPT`), never a shorter log: when the log is opened, which then changes nothing on disk, or when the record is read.",
  lock: "One writer at a time, by a lock that the kernel frees when its holder dies.",
});

export const log = clauses("Log, src/log.ts", {
  next: "The offset that the next record gets.",
  durable: "The offset below which every record has been flushed, and can be read.",
  rejected: "Rejects with `FLUSH_FAILED` when it is not in the log; it may then be appended again.",
  stage:
    "Takes one record without a promise, and answers its offset. It becomes durable with the next `append` or `flush`",
  full: "Throws `FULL` when too much is on its way: then await `flush`.",
  flush: "Resolves when everything that was appended or staged before is durable.",
  batches: "Reads records batch by batch, as they were flushed or appended together.",
  offsetAt: "The offset of the first record whose timestamp is `timestamp` or later, or `durable`.",
  rotate: "Finishes the segment that is written to. Answers nothing when it holds no record.",
  truncateBefore: "Forgets the records before `offset`, for good: `first` becomes `offset`.",
  truncateAfter: "Forgets the records after `offset`, for good: `next` becomes `offset + 1`.",
  close: "Flushes what is on its way, and gives the log free.",
  producer: "Makes the append idempotent: the same producer, epoch and sequence is stored once.",
});

export const record = clauses("RecordInput and LogRecord, src/record.ts", {
  same: "A record that was read can be appended as it is.",
  key: "May be absent, and may be empty: the two stay different.",
});

export const options = clauses("OpenLogOptions, src/options.ts", {
  segment: "A new segment is begun when the next group would not fit, or on the first append after an age.",
  retention: "The oldest whole segments are dropped while there is more than this.",
  relaxed: "once it is written; it survives the process but not yet a loss of power, nor a flush that fails.",
  pending: "How much may be on its way before `append` waits and `stage` throws.",
  lockWait: "How long to wait for the lock when somebody else holds it.",
});

export const read = clauses("ReadOptions, src/read.ts", {
  range: "The records `[from, to)`.",
  follow: "Whether to wait for more at the end of the log.",
});

export const opening = clauses("openLog and openReader, src/open-log.ts", {
  created: "Opens a log, which is created when it is missing, and takes its lock.",
  unchanged: "None of these changes anything on the disk.",
  reader: "Opens a log for reading, without its lock, while somebody else may be writing it.",
});

export const salvaging = clauses("salvage, src/salvage.ts", {
  copies: "Copies everything readable of a damaged log to a new place, under the same offsets.",
  untouched: "The damaged log is only read.",
});

export const format = clauses("FORMAT.md", {
  names: "Base offset**: the offset of the first record that the segment can hold",
  exact: "This page is enough to write a decoder in any language.",
});

export const errors = clauses("WalErrorCode, src/errors.ts", {
  fenced: "A newer epoch of this producer has written: this one must stop.",
  tooLarge: "A record or batch is over a limit.",
  readFailed: "Reading failed. It says nothing about the bytes: they may be sound.",
  unavailable: "There is no such log, or its place cannot be used.",
});
