/**
 * What a user appends, and what comes back. A record that was read can be appended as it is.
 */

/** Text is stored as UTF-8. What comes back is always a plain `Uint8Array`. */
export type Bytes = string | Uint8Array;

export interface RecordInput {
  /** May be absent, and may be empty: the two stay different. */
  readonly key?: Bytes | undefined;
  /** The default is an empty value. */
  readonly value?: Bytes | undefined;
  readonly headers?: Readonly<Record<string, Bytes>> | undefined;
  /** Whole milliseconds since 1970, not negative. The default is the storage's clock. */
  readonly timestamp?: number | undefined;
  /** A number of your own, 0 to 127. The default is 0. */
  readonly kind?: number | undefined;
}

export interface LogRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly kind: number;
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array;
  /** An object without a prototype. */
  readonly headers: Readonly<Record<string, Uint8Array>>;
  /**
   * Whether it is proven that the record was flushed. Always true for the records of a log that
   * is open for writing; a reader without the lock may see records that are only written.
   */
  readonly durable: boolean;
}

/** Names the writer of a record, so that a record which is sent twice is stored once. */
export interface Producer {
  /** 1 to 255 bytes of UTF-8. */
  readonly id: string;
  /** A later incarnation of the producer has a higher epoch, and fences the earlier ones off. */
  readonly epoch: number;
  /** Grows with each record of this id and epoch. Gaps are allowed. */
  readonly sequence: number;
}
