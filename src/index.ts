/// <reference lib="esnext.disposable" preserve="true" />
/**
 * walkabout: a write-ahead log that runs wherever JavaScript runs.
 */
export type { Ack } from "./ack.ts";
export type { ClosedSegment } from "./engine/maintenance.ts";
export type { RecoveryReport } from "./engine/open.ts";
export type { Damage } from "./engine/diagnosis.ts";
export type { Replaced } from "./engine/inspect.ts";
export type { SegmentReport, VerifyOptions, VerifyProgress, VerifyReport } from "./engine/verify.ts";
export { WalError, type WalErrorCode, type WalErrorPlace } from "./errors.ts";
export type { RecordBatch } from "./format/record-batch.ts";
export type { AppendOptions, Log } from "./log.ts";
export { exportLog } from "./export.ts";
export { importLog, type ImportReport } from "./import.ts";
export type { LogReader } from "./log-reader.ts";
export { openLog, openReader } from "./open-log.ts";
export type { LogAddress, OpenLogOptions } from "./options.ts";
export type { ReadOptions } from "./read.ts";
export type { Bytes, LogRecord, Producer, RecordInput } from "./record.ts";
export { type OffsetRange, type Problem, salvage, type SalvageReport } from "./salvage.ts";
export type { LogStats } from "./stats.ts";
export {
  listLogs,
  type ListLogsOptions,
  type LogName,
  readTopic,
  type ReadTopicOptions,
  type TopicRecord,
} from "./topics.ts";
export type {
  Durability,
  Eventually,
  OpenPlaceOptions,
  Place,
  Signal,
  Storage,
  StoredFile,
} from "./storage.ts";
export { verify } from "./verify.ts";
