/**
 * The one error class that callers catch. Misuse of the interface is a TypeError or RangeError
 * instead: those are mended in the program, not handled at run time.
 */

export type WalErrorCode =
  /** Somebody else holds the lock of this log. */
  | "LOCKED"
  /** The log, reader or iterator was closed. */
  | "CLOSED"
  /** A write or flush failed: what was not acknowledged before it is not in the log. */
  | "FLUSH_FAILED"
  /** Bytes that were once flushed are damaged or missing. */
  | "CORRUPT"
  /** The offset asked for has been truncated away, or was superseded. */
  | "TRUNCATED"
  /** A record or batch is over a limit. */
  | "TOO_LARGE"
  /** The bounded buffer is full: flush, or await `append`. Or the storage is: what was not acknowledged is not in the log. */
  | "FULL"
  /** The bytes are of a version or carry a flag that this release does not know. */
  | "FORMAT"
  /** A newer epoch of this producer has written: this one must stop. */
  | "FENCED"
  /** This record was written before, so long ago that its offset is no longer remembered. */
  | "DUPLICATE"
  /** Reading failed. It says nothing about the bytes: they may be sound. */
  | "READ_FAILED"
  /** There is no such log, or its place cannot be used. */
  | "UNAVAILABLE";

/** Where in a log an error happened. Every field is there when it is known. */
export interface WalErrorPlace {
  readonly log?: string;
  readonly segment?: string;
  readonly position?: number;
  /** The first offset concerned. */
  readonly first?: number;
  /** The offset behind the last one concerned, when it is known. */
  readonly next?: number;
}

export interface WalErrorOptions extends WalErrorPlace {
  readonly cause?: unknown;
}

export class WalError extends Error {
  override readonly name = "WalError";
  readonly code: WalErrorCode;
  readonly log: string | undefined;
  readonly segment: string | undefined;
  readonly position: number | undefined;
  readonly first: number | undefined;
  readonly next: number | undefined;

  constructor(code: WalErrorCode, message: string, options: WalErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.log = options.log;
    this.segment = options.segment;
    this.position = options.position;
    this.first = options.first;
    this.next = options.next;
  }
}

/** The message of anything that was thrown, for use inside another message. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
