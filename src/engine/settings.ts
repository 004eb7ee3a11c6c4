/** The options of a log with every default filled in and every value checked. */

export interface Settings {
  readonly segmentBytesMax: number;
  readonly segmentAgeMsMax: number;
  readonly retentionBytesMax: number;
  readonly retentionAgeMsMax: number;
  /** Whether an append is acknowledged once it is written, before the flush. */
  readonly relaxed: boolean;
  readonly pendingBytesMax: number;
  /** The largest payload of one batch, and so of one record or one atomic append. */
  readonly batchBytesMax: number;
  /** A batch is closed when it has grown to this, and a group to four times this. */
  readonly batchBytes: number;
  readonly producersMax: number;
}
